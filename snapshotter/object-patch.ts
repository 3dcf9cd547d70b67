/**
 * JSON patches on what we own. Each tests the uid, so that a write made for a deleted object never lands
 * on the next one of that name; a failed test is a precondition: the loop gathers again, nobody is told.
 */
import type { JsonPatchOperation, Patch } from '../lib/kube/client.ts';
import type { KubeObject, PersistentVolumeClaim } from '../lib/kube/objects.ts';
import { CLAIM_PROTECTION } from './names.ts';

export interface FinalizerChange {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

/**
 * Undefined where nothing changes. The list is tested and replaced as a whole: a second writer of
 * finalizers makes it fail, one of labels does not (a resourceVersion would, and livelock).
 */
export function finalizerPatch(object: KubeObject, change: FinalizerChange): Patch | undefined {
  const operations = finalizerOperations(object, change);
  return operations.length === 0 ? undefined : { type: 'json', operations: [testUid(object), ...operations] };
}

export function finalizerOperations(object: KubeObject, { add = [], remove = [] }: FinalizerChange): readonly JsonPatchOperation[] {
  const present = object.metadata?.finalizers ?? [];
  const wanted = [...present.filter((name) => !remove.includes(name)), ...add.filter((name) => !present.includes(name))];
  if (wanted.length === present.length && wanted.every((name, at) => name === present[at])) return [];
  const path = '/metadata/finalizers';
  if (present.length === 0) return [...testAbsent(object.metadata?.finalizers, path), { op: 'add', path, value: wanted }];
  return [{ op: 'test', path, value: present }, wanted.length === 0 ? { op: 'remove', path } : { op: 'replace', path, value: wanted }];
}

/** kube-apiserver takes an absent field for null in a `test` (v1.36, seen): what somebody added meanwhile is not overwritten. */
function testAbsent(cached: unknown, path: string): readonly JsonPatchOperation[] {
  return cached === undefined || cached === null ? [{ op: 'test', path, value: null }] : [];
}

export function testUid(object: KubeObject): JsonPatchOperation {
  return { op: 'test', path: '/metadata/uid', value: object.metadata?.uid ?? '' };
}

/** Fields of a status to set; null takes one away. */
export type StatusChanges = Readonly<Record<string, unknown>>;

/** Writes single fields, so that what others keep in the status survives. */
export function statusPatch(object: KubeObject, status: object | undefined, changes: StatusChanges): Patch {
  const entries = Object.entries(changes);
  if (typeof status !== 'object' || status === null) {
    const value = Object.fromEntries(entries.filter(([, field]) => field !== null));
    return { type: 'json', operations: [testUid(object), ...testAbsent(status, '/status'), { op: 'add', path: '/status', value }] };
  }
  const operations = entries.flatMap(([name, value]): JsonPatchOperation[] => {
    if (value !== null) return [{ op: 'add', path: `/status/${name}`, value }];
    return name in status ? [{ op: 'remove', path: `/status/${name}` }] : [];
  });
  return { type: 'json', operations: [testUid(object), ...operations] };
}

/** Single annotations, never the map: others write into it at the same time. A null takes one away. */
export function annotationsPatch(object: KubeObject, annotations: Readonly<Record<string, string | null>>): Patch {
  return { type: 'merge', body: { metadata: { uid: object.metadata?.uid, annotations } } };
}

/** As `annotationsPatch`, but refused (409) unless the object is still the version that was decided on. */
export function guardedAnnotationPatch(object: KubeObject, name: string, value: string): Patch {
  const { uid, resourceVersion } = object.metadata ?? {};
  return { type: 'merge', body: { metadata: { uid, resourceVersion, annotations: { [name]: value } } } };
}

/** For a PUT of the whole claim: the verb that vendors' RBAC allows. */
export function withClaimProtection(claim: PersistentVolumeClaim, wanted: boolean): PersistentVolumeClaim {
  const others = (claim.metadata?.finalizers ?? []).filter((name) => name !== CLAIM_PROTECTION);
  const finalizers = wanted ? [...others, CLAIM_PROTECTION] : others;
  return { ...claim, apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { ...claim.metadata, finalizers } };
}
