/**
 * The objects of a job as text that two runs can be compared by: what each server or run draws anew
 * (uids, versions, times, handles, names made of uids) is replaced by a label that says what it belongs
 * to, so that a reference to the wrong object still shows.
 *
 * Invariant: nothing is left out but by the tables here, and each entry there has its reason.
 */
import type { CoreEvent, KubeObject, Resource } from '../lib/kube/objects.ts';
import {
  EVENTS,
  LEASES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  STORAGE_CLASSES,
  VOLUME_SNAPSHOT_CLASSES,
  VOLUME_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOTS,
} from '../lib/kube/resources.ts';
import type { Kube } from './kube.ts';

const COMPARED: readonly Resource<KubeObject>[] = [
  STORAGE_CLASSES,
  VOLUME_SNAPSHOT_CLASSES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  VOLUME_SNAPSHOTS,
  VOLUME_SNAPSHOT_CONTENTS,
  LEASES,
  EVENTS,
];

/** What only a real server has, with the reason why the sandbox need not. */
export const ONLY_REAL = {
  fields: [
    {
      path: 'metadata.managedFields',
      reason: 'bookkeeping of server-side apply, which the sandbox does not serve; no program of ours reads it',
    },
  ],
  objects: [{ kind: 'Lease', name: /^apiserver-/, reason: 'each kube-apiserver announces itself to its siblings; the sandbox has none' }],
} as const;

/** Objects by `Kind namespace/name`, masked. Events are folded: how often one was told depends on time. */
export type MaskedState = Readonly<Record<string, unknown>>;

export interface Masks {
  /** Remembers the labels of what it sees, so that a later dump knows deleted objects, too. */
  mask(objects: readonly Listed[]): MaskedState;
}

export interface Listed {
  readonly kind: string;
  readonly object: KubeObject;
}

export async function listState(kube: Kube): Promise<Listed[]> {
  const lists = await Promise.all(
    COMPARED.map(async (resource) => (await kube.list(resource)).map((object) => ({ kind: resource.kind, object }))),
  );
  return lists.flat().filter(({ kind, object }) => !ONLY_REAL.objects.some((only) => only.kind === kind && only.name.test(nameIn(object))));
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
/** What a run draws for itself, by the last part of its path. */
const DRAWN: Readonly<Record<string, string>> = {
  resourceVersion: 'version',
  // Nanoseconds in contents, text elsewhere; the driver's clock either way.
  creationTime: 'time',
  holderIdentity: 'process',
  'storage.kubernetes.io/csiProvisionerIdentity': 'process',
};

/** `given`: names that differ between the runs to compare, with the label that both get. */
export function createMasks(given: Readonly<Record<string, string>> = {}): Masks {
  const labels = new Map<string, string>(Object.entries(given).map(([name, label]) => [name, `<${label}>`]));
  const learn = (value: string | undefined, label: string): void => {
    if (value !== undefined && value !== '') labels.set(value, `<${label}>`);
  };
  const text = (value: string): string => {
    if (TIME.test(value)) return '<time>';
    let masked = value;
    for (const [drawn, label] of labels) masked = masked.replaceAll(drawn, label);
    return masked;
  };
  const walk = (value: unknown, key: string): unknown => {
    const drawn = DRAWN[key];
    if (drawn !== undefined && (typeof value === 'string' || typeof value === 'number')) return `<${drawn}>`;
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return value.map((item) => walk(item, ''));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([field, inner]) => [text(field), walk(inner, field)]));
  };
  return {
    mask: (listed) => {
      // Claims and snapshots first: what they lend their uid to is named after it, whatever the list's order.
      for (const { kind, object } of listed) learn(object.metadata?.uid, `uid of ${kind} ${nameIn(object)}`);
      for (const { kind, object } of listed) learnHandles(kind, object, learn);
      // The label of a volume holds the uid of its claim, which has a label of its own.
      for (const [value, label] of labels) labels.set(value, nested(label, labels));
      const state: Record<string, unknown> = {};
      for (const { kind, object } of listed) {
        if (kind === 'Event') {
          const told = foldEvent(object, text);
          state[`Event ${told.join(' | ')}`] = told[told.length - 1];
        } else {
          const key = [kind, ...[object.metadata?.namespace ?? [], text(nameIn(object))].flat()].join(' ');
          state[key] = walk(withoutOnlyReal(object), '');
        }
      }
      return Object.fromEntries(Object.entries(state).sort(([a], [b]) => (a < b ? -1 : 1)));
    },
  };
}

type Learn = (value: string | undefined, label: string) => void;

/** Ids of the driver, which it draws for itself. */
function learnHandles(kind: string, object: KubeObject, learn: Learn): void {
  const { spec, status } = object as {
    spec?: { csi?: { volumeHandle?: string } };
    status?: { snapshotHandle?: string };
  };
  if (kind === 'PersistentVolume') learn(spec?.csi?.volumeHandle, `handle of ${nameIn(object)}`);
  if (kind === 'VolumeSnapshotContent') learn(status?.snapshotHandle, `handle of ${nameIn(object)}`);
}

function nested(label: string, labels: ReadonlyMap<string, string>): string {
  let result = label;
  for (const [value, own] of labels) if (own !== label) result = result.replaceAll(value, own);
  return result;
}

/** Whom it is about, who says it, and what: the last is the message. */
function foldEvent(object: KubeObject, text: (value: string) => string): string[] {
  const {
    involvedObject,
    source,
    type = '',
    reason = '',
    message = '',
    reportingComponent = '',
  } = object as CoreEvent & {
    reportingComponent?: string;
  };
  const about = `${involvedObject?.apiVersion} ${involvedObject?.kind} ${involvedObject?.namespace}/${text(involvedObject?.name ?? '')}`;
  // The driver's sidecars append the host and a number of the process.
  const said = (source?.component ?? '').replace(/_.*$/, '_<process>');
  const reporting = reportingComponent.replace(/_.*$/, '_<process>');
  // Each process leads under a name of its own.
  const words = reason === 'LeaderElection' ? message.replace(/^\S+_[0-9a-f-]{36} /, '<process> ') : message;
  return [about, text(involvedObject?.uid ?? ''), said, reporting, type, reason, text(words)];
}

function withoutOnlyReal(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = (object.metadata ?? {}) as { managedFields?: unknown };
  return { ...object, metadata };
}

function nameIn(object: KubeObject): string {
  return object.metadata?.name ?? '';
}
