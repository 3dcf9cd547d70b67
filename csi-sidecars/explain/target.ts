/** The object that a person asks about, as people write it. */
import { ConfigError } from '../../lib/errors/config-error.ts';
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';
import {
  GROUP_SNAPSHOT_VERSIONS,
  groupSnapshotResources,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  VOLUME_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOTS,
} from '../../lib/kube/resources.ts';
import { nearest } from '../../lib/process/nearest.ts';
import type { Place } from '../reading/place.ts';

const GROUPS = groupSnapshotResources(GROUP_SNAPSHOT_VERSIONS[0]);

const KINDS: ReadonlyMap<string, Resource<KubeObject>> = new Map(
  (
    [
      [PERSISTENT_VOLUME_CLAIMS, 'pvc'],
      [PERSISTENT_VOLUMES, 'pv'],
      [VOLUME_SNAPSHOTS, 'vs'],
      [VOLUME_SNAPSHOT_CONTENTS, 'vsc'],
      [GROUPS.snapshots, 'vgs'],
      [GROUPS.contents, 'vgsc'],
    ] as const
  ).flatMap(([resource, short]) => [short, resource.kind.toLowerCase(), resource.plural].map((word) => [word, resource] as const)),
);

export interface Target {
  readonly resource: Resource<KubeObject>;
  readonly place: Place;
}

/** `pvc/data`, `volumesnapshot/nightly`, with or without the group behind the kind. Throws ConfigError (exit code 2). */
export function readTarget(text: string, namespace: string): Target {
  const [, word = '', name = ''] = /^([^/]+)\/([^/]+)$/.exec(text) ?? [];
  if (name === '') throw new ConfigError(`${JSON.stringify(text)} names no object: write KIND/NAME, for example pvc/data`, { exitCode: 2 });
  const plain = word.toLowerCase().split('.')[0] ?? '';
  const resource = KINDS.get(plain);
  if (resource === undefined) {
    const near = nearest(plain, KINDS.keys());
    const hint = near === undefined ? '' : `did you mean ${near}? `;
    throw new ConfigError(
      `${JSON.stringify(word)} is none of the kinds that can be explained: ${hint}There are ${[...KINDS.keys()].join(', ')}`,
      { exitCode: 2 },
    );
  }
  return { resource, place: { kind: resource.kind, name, ...(resource.namespaced ? { namespace } : {}) } };
}
