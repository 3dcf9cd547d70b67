/** The scheduler's write: gives a Pod its node, once, and says so in its conditions. */
import type { JsonObject } from '../json.ts';
import { clone, ensureObject, isObject, listAt, stringAt } from '../json.ts';
import { subjectOf } from '../kinds/resource.ts';
import { conflict, notFound } from '../status.ts';
import type { WriteTarget, WriteTools } from './write.ts';
import { timestamp, updateObject } from './write.ts';

/** Throws a 404 or a 409. */
export function bindPod(tools: WriteTools, target: WriteTarget, node: string): void {
  updateObject(tools, { ...target, subresource: 'binding' }, (old) => {
    if (old === undefined) throw notFound(subjectOf(target.type, target.name));
    const pod: JsonObject = clone(old.object);
    const spec = ensureObject(pod, 'spec');
    const bound = stringAt(spec, 'nodeName') ?? '';
    const why = `pod ${target.name} is already assigned to node "${bound}"`;
    if (bound !== '') throw conflict({ group: '', type: 'pods/binding', name: target.name }, why);
    spec.nodeName = node;
    const status = ensureObject(pod, 'status');
    const others = listAt(status, 'conditions').filter((condition) => !isObject(condition) || condition.type !== 'PodScheduled');
    status.conditions = [...others, { type: 'PodScheduled', status: 'True', lastTransitionTime: timestamp(tools.clock.now()) }];
    return pod;
  });
}
