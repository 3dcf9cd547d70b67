/** A claim's loop where the API server refuses its write. */
import { expect, test } from 'vitest';
import {
  PERSISTENT_VOLUME_CLAIMS as CLAIMS,
  PERSISTENT_VOLUMES,
  VOLUME_SNAPSHOT_CONTENTS as CONTENTS,
  VOLUME_SNAPSHOTS as SNAPSHOTS,
} from '../../lib/kube/resources.ts';
import { CLAIM_PROTECTION } from '../names.ts';
import { SNAPSHOT_INDEXES, SOURCE_INDEX } from '../snapshot-informers.ts';
import { READY_STATUS, aClaim, aContent, aReadySnapshot, aVolume } from '../testing/objects.ts';
import { RETRY_MS, startLoop } from '../testing/one-loop.ts';
import { refuse, TinyApi } from '../testing/tiny-api.ts';
import { reconciler } from './controller.ts';

const KEY = 'default/data';

test('a finalizer that cannot be taken away is told on the snapshot, nothing else is touched, and it comes again', async () => {
  const api = new TinyApi();
  api.put(CLAIMS, aClaim({ metadata: { finalizers: [CLAIM_PROTECTION] } }));
  api.put(PERSISTENT_VOLUMES, aVolume());
  api.put(SNAPSHOTS, aReadySnapshot());
  api.put(CONTENTS, aContent({ status: READY_STATUS }));
  const others = (): unknown => [api.all(SNAPSHOTS), api.all(CONTENTS)];
  const loop = startLoop(
    reconciler({
      claims: api.store(CLAIMS),
      volumes: api.store(PERSISTENT_VOLUMES),
      snapshots: api.store(SNAPSHOTS, SNAPSHOT_INDEXES),
      contents: api.store(CONTENTS, [SOURCE_INDEX]),
      groups: undefined,
      client: api.client(),
      applyWrite: () => undefined,
    }),
  );
  const before = others();
  api.once('PUT persistentvolumeclaims', () => {
    throw refuse(500, 'no room');
  });
  await loop.run(KEY);
  expect(api.find(CLAIMS, KEY)?.metadata?.finalizers).toEqual([CLAIM_PROTECTION]);
  expect(loop.events).toMatchObject([
    {
      type: 'Warning',
      reason: 'ErrorPVCFinalizer',
      regarding: { metadata: { name: 'nightly' } },
      message: 'Error check and remove PVC Finalizer for VolumeSnapshot: no room',
    },
  ]);
  await loop.clock.advance(RETRY_MS);
  expect(api.find(CLAIMS, KEY)?.metadata?.finalizers).toEqual([]);
  expect(api.writes).toEqual(['PUT persistentvolumeclaims', 'PUT persistentvolumeclaims']);
  expect(others()).toEqual(before);
});
