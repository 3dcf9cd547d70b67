/** What a new content carries whatever its kind, from its first moment: finalizer, node and secrets included. */
import type { ObjectMeta, ObjectReference } from '../../lib/kube/objects.ts';
import type { SecretName } from '../../lib/sidecar/secret.ts';
import type { ContentObject, SnapshotKind, SnapshotObject } from '../kinds/kind.ts';
import { MANAGED_BY_LABEL } from '../names.ts';

export interface Extras {
  readonly secret: SecretName | undefined;
  readonly nodeName: string | undefined;
}

export function contentMetadata<S extends SnapshotObject, C extends ContentObject>(
  kind: Pick<SnapshotKind<S, C>, 'contentProtection' | 'secretAnnotations'>,
  name: string,
  { secret, nodeName }: Extras,
): ObjectMeta {
  return {
    name,
    finalizers: [kind.contentProtection],
    ...(nodeName === undefined ? {} : { labels: { [MANAGED_BY_LABEL]: nodeName } }),
    ...(secret === undefined
      ? {}
      : { annotations: { [kind.secretAnnotations.name]: secret.name, [kind.secretAnnotations.namespace]: secret.namespace } }),
  };
}

export function referenceTo<S extends SnapshotObject>(
  { snapshots: { group, version, kind } }: Pick<SnapshotKind<S, never>, 'snapshots'>,
  snapshot: S,
): ObjectReference {
  const { name, namespace, uid, resourceVersion } = snapshot.metadata ?? {};
  return {
    apiVersion: `${group}/${version}`,
    kind,
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
}
