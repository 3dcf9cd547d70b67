/** A content's loop in snapshot-controller where the API server refuses its write. */
import { expect, test } from 'vitest';
import { VOLUME_SNAPSHOT_CONTENTS as CONTENTS, VOLUME_SNAPSHOTS as SNAPSHOTS } from '../../lib/kube/resources.ts';
import { SINGLE } from '../kinds/single-kind.ts';
import { CONTENT_PROTECTION } from '../names.ts';
import { CONTENT_NAME, aContent, aSnapshot } from '../testing/objects.ts';
import { RETRY_MS, startLoop } from '../testing/one-loop.ts';
import { refuse, TinyApi } from '../testing/tiny-api.ts';
import { reconciler } from './controller.ts';

test('a finalizer that cannot be put on a content is told on it, and comes with the next attempt', async () => {
  const api = new TinyApi();
  api.put(SNAPSHOTS, aSnapshot());
  api.put(CONTENTS, aContent({ metadata: { finalizers: [] } }));
  const loop = startLoop(
    reconciler({
      kind: SINGLE,
      contents: api.store(CONTENTS),
      snapshots: api.store(SNAPSHOTS),
      groupOf: () => 'none',
      alone: new Set(),
      client: api.client(),
      applyWrite: () => undefined,
    }),
  );
  const finalizers = () => api.find(CONTENTS, CONTENT_NAME)?.metadata?.finalizers;
  api.once('PATCH volumesnapshotcontents', () => {
    throw refuse(500, 'no room');
  });
  await loop.run(CONTENT_NAME);
  expect(finalizers()).toEqual([]);
  expect(loop.events).toMatchObject([
    { type: 'Warning', regarding: { metadata: { name: CONTENT_NAME } }, message: 'Failed to check and update the finalizer: no room' },
  ]);
  expect(loop.held(CONTENT_NAME)).toMatchObject([{ failures: 1 }]);
  await loop.clock.advance(RETRY_MS);
  expect(finalizers()).toEqual([CONTENT_PROTECTION]);
});
