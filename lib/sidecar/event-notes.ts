/** Events about objects of a known kind. Items of a list carry neither apiVersion nor kind; an event needs both. */
import type { EventReason } from '../controller/event-table.ts';
import type { EventNote } from '../controller/step.ts';
import type { KubeObject, Resource } from '../kube/objects.ts';

export interface EventWords {
  readonly reason: EventReason;
  readonly message: string;
  readonly component?: string;
}

export function warning<T extends KubeObject>(resource: Resource<T>, object: T, words: EventWords): EventNote {
  return { type: 'Warning', ...words, regarding: regarding(resource, object) };
}

export function notice<T extends KubeObject>(resource: Resource<T>, object: T, words: EventWords): EventNote {
  return { type: 'Normal', ...words, regarding: regarding(resource, object) };
}

function regarding<T extends KubeObject>({ group, version, kind }: Resource<T>, { metadata }: T): KubeObject {
  return { apiVersion: group === '' ? version : `${group}/${version}`, kind, ...(metadata === undefined ? {} : { metadata }) };
}
