/**
 * JSON patches of one finalizer. Ours is tested and removed at its place in the list, so that Kubernetes'
 * own finalizer, which goes at the same moment and stands behind it, does not make the patch fail.
 */
import type { Patch } from '../../lib/kube/client.ts';
import type { KubeObject } from '../../lib/kube/objects.ts';

/** Undefined where it is not there. */
export function removeFinalizer(object: KubeObject, finalizer: string): Patch | undefined {
  const at = (object.metadata?.finalizers ?? []).indexOf(finalizer);
  if (at < 0) return undefined;
  const path = `/metadata/finalizers/${at}`;
  return {
    type: 'json',
    operations: [testUid(object), { op: 'test', path, value: finalizer }, { op: 'remove', path }],
  };
}

/** Undefined where it is there already. The whole list is tested: it must not come twice. */
export function addFinalizer(object: KubeObject, finalizer: string): Patch | undefined {
  const present = object.metadata?.finalizers ?? [];
  if (present.includes(finalizer)) return undefined;
  const path = '/metadata/finalizers';
  const operations =
    present.length === 0
      ? [{ op: 'add' as const, path, value: [finalizer] }]
      : [
          { op: 'test' as const, path, value: present },
          { op: 'add' as const, path: `${path}/-`, value: finalizer },
        ];
  return { type: 'json', operations: [testUid(object), ...operations] };
}

function testUid(object: KubeObject): { readonly op: 'test'; readonly path: string; readonly value: string } {
  return { op: 'test', path: '/metadata/uid', value: object.metadata?.uid ?? '' };
}
