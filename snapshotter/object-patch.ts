/**
 * JSON patches on what we own. Each tests the uid, so that a write made for a deleted object never lands
 * on the next one of that name; a failed test is a precondition: the loop gathers again, nobody is told.
 */
import type { JsonPatchOperation, Patch } from '../lib/kube/client.ts';
import type { KubeObject } from '../lib/kube/objects.ts';
import { testAbsent, testUid } from '../lib/sidecar/finalizers.ts';

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
