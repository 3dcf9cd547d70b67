/** A claim that is gone while nobody knows whether its volume was made: only the journal still speaks of it. */
import { PERSISTENT_VOLUMES } from '../../../lib/kube/resources.ts';
import type { OpenEntry } from '../journal.ts';
import { logsOf } from '../remedies.ts';
import { type Act, link, type Scene, waitFor, withoutDriver } from '../scene.ts';

export function explainGoneClaim(scene: Scene, { driver, volume, release }: OpenEntry): Act {
  const place = { kind: PERSISTENT_VOLUMES.kind, name: volume };
  const object = scene.theatre.caches.volumes.store.get(volume);
  const unsettled = `the claim is gone, and whether ${driver} made its volume ${volume} is not known yet`;
  const turn =
    object === undefined
      ? (withoutDriver(scene, driver, { what: unsettled, remedy: release }) ?? {
          who: 'csi-provisioner' as const,
          why: `${unsettled}: it asks again until it knows, and deletes what it finds`,
          command: logsOf('csi-provisioner', driver),
        })
      : waitFor(place, 'csi-provisioner', 'the claim is gone, and the volume that was made for it is about to go');
  return {
    state: 'gone',
    chain: object === undefined ? [] : [link('volume', place, { object, state: object.status?.phase })],
    turn,
    next: [],
  };
}
