/**
 * Our finalizers on objects: as the whole object for a PUT, and as a JSON patch. A patch tests the uid, so that a write
 * made for a deleted object never lands on the next one of that name; a failed test is a precondition: the loop gathers
 * again, nobody is told.
 */
import type { JsonPatchOperation, Patch } from '../kube/client.ts';
import type { KubeObject } from '../kube/objects.ts';

const PATH = '/metadata/finalizers';

/** The whole object as it was read, for a PUT: its resourceVersion makes the write conditional. */
export function withFinalizer<T extends KubeObject>(object: T, finalizer: string): T {
  return hasFinalizer(object, finalizer) ? object : withFinalizers(object, [...finalizersOf(object), finalizer]);
}

export function withoutFinalizer<T extends KubeObject>(object: T, finalizer: string): T {
  return withFinalizers(
    object,
    finalizersOf(object).filter((name) => name !== finalizer),
  );
}

export function hasFinalizer(object: KubeObject, finalizer: string): boolean {
  return finalizersOf(object).includes(finalizer);
}

/** Undefined where all of them are there. */
export function addFinalizers(object: KubeObject, finalizers: readonly string[]): Patch | undefined {
  return patch(object, addOperations(object, finalizers));
}

/** The list is tested as a whole: nothing comes twice. A writer of labels does not disturb (a resourceVersion would, and livelock). */
export function addOperations(object: KubeObject, finalizers: readonly string[]): readonly JsonPatchOperation[] {
  const present = finalizersOf(object);
  const missing = finalizers.filter((name) => !present.includes(name));
  if (missing.length === 0) return [];
  const value = [...present, ...missing];
  if (present.length === 0) return [...testAbsent(object.metadata?.finalizers, PATH), { op: 'add', path: PATH, value }];
  return [
    { op: 'test', path: PATH, value: present },
    { op: 'replace', path: PATH, value },
  ];
}

/**
 * Undefined where none of them is there. Each is tested and removed at its place in the list, from the last one on, so that
 * a finalizer of somebody else that goes at the same moment and stands behind ours does not make the patch fail.
 */
export function removeFinalizers(object: KubeObject, finalizers: readonly string[]): Patch | undefined {
  const operations = finalizersOf(object)
    .map((value, at) => ({ value, path: `${PATH}/${at}` }))
    .filter(({ value }) => finalizers.includes(value))
    .toReversed()
    .flatMap(({ value, path }): JsonPatchOperation[] => [
      { op: 'test', path, value },
      { op: 'remove', path },
    ]);
  return patch(object, operations);
}

/** kube-apiserver takes an absent field for null in a `test` (v1.36, seen): what somebody added meanwhile is not overwritten. */
export function testAbsent(cached: unknown, path: string): readonly JsonPatchOperation[] {
  return cached === undefined || cached === null ? [{ op: 'test', path, value: null }] : [];
}

export function testUid(object: KubeObject): JsonPatchOperation {
  return { op: 'test', path: '/metadata/uid', value: object.metadata?.uid ?? '' };
}

function finalizersOf(object: KubeObject): readonly string[] {
  return object.metadata?.finalizers ?? [];
}

function withFinalizers<T extends KubeObject>(object: T, finalizers: string[]): T {
  return { ...object, metadata: { ...object.metadata, finalizers } };
}

function patch(object: KubeObject, operations: readonly JsonPatchOperation[]): Patch | undefined {
  return operations.length === 0 ? undefined : { type: 'json', operations: [testUid(object), ...operations] };
}
