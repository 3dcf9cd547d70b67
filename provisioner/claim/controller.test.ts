/** One attempt of a claim that fails: counted once, and told in the Go program's words. */
import { expect, test } from 'vitest';
import { newMemory, runKey } from '../../lib/controller/reconcile.ts';
import type { EventNote } from '../../lib/controller/step.ts';
import { fixedRandom } from '../../lib/controller/testing/fixed-random.ts';
import { EntryRefused } from '../../lib/journal/entry-refused.ts';
import { ManualClock } from '../../lib/controller/testing/manual-clock.ts';
import type { KubeObject } from '../../lib/kube/objects.ts';
import { SELECTED_NODE, STORAGE_PROVISIONER } from '../facts/names.ts';
import { aClaimWorld, apiError } from '../testing/claim-world.ts';
import { aClaim, aContent, aSnapshot, CLAIM_UID, DRIVER, SNAPSHOT_SOURCE } from '../testing/objects.ts';
import { aNode } from '../testing/states.ts';
import { reconciler } from './controller.ts';

type World = ReturnType<typeof aClaimWorld>;

async function attempts(world: World, times = 1): Promise<{ readonly told: readonly string[]; readonly counted: readonly string[] }> {
  const notes: EventNote[] = [];
  const memory = newMemory();
  const clock = new ManualClock();
  const { signal } = new AbortController();
  for (let time = 0; time < times; time += 1) {
    const end = await runKey(
      {
        reconciler: reconciler(world.deps),
        clock,
        random: fixedRandom(),
        log: world.log,
        events: { record: (note) => void notes.push(note) },
        backoff: { startMs: 1_000, maxMs: 300_000 },
        leaseIsFresh: () => true,
        fatal: () => undefined,
      },
      { key: CLAIM_UID, memory },
      { stop: signal, cancel: signal },
    );
    if (end.kind === 'again') await clock.advance(end.afterMs);
  }
  return { told: notes.map(({ reason, message }) => `${reason}: ${message}`), counted: world.counted };
}

const BEGINS = 'Provisioning: External provisioner is provisioning volume for claim "shop/data"';
const HANDLE = 'ProvisioningFailed: error getting handle for DataSource Type VolumeSnapshot by Name monday: ';

function restoring(change: { readonly snapshot?: KubeObject; readonly content?: KubeObject } = {}): World {
  const world = aClaimWorld();
  world.claims.set('shop/data', aClaim({ dataSource: SNAPSHOT_SOURCE }));
  world.server.put({ plural: 'volumesnapshots' }, change.snapshot ?? aSnapshot());
  if (change.content !== undefined) world.server.put({ plural: 'volumesnapshotcontents' }, change.content);
  return world;
}

function withAttributesClass(): World {
  const world = aClaimWorld();
  world.claims.set('shop/data', aClaim({ volumeAttributesClassName: 'gold' }));
  return world;
}

function refusing(world: World, what: string): World {
  world.server.refusals.set(what, apiError(403, 'Forbidden'));
  return world;
}

test.each<[string, () => World, string]>([
  [
    'a content that is missing',
    () => restoring(),
    `${HANDLE}error getting snapshotcontent content-1 for snapshot monday (it is not found)`,
  ],
  [
    'a snapshot that is not ready',
    () => restoring({ snapshot: aSnapshot({ readyToUse: false }), content: aContent() }),
    `${HANDLE}snapshot monday is not Ready`,
  ],
  [
    'a content without a handle',
    () => restoring({ content: aContent({ status: { snapshotHandle: '' } }) }),
    `${HANDLE}snapshot handle monday is not available`,
  ],
  [
    'a VolumeAttributesClass that is missing',
    withAttributesClass,
    'ProvisioningFailed: volumeattributesclasses.storage.k8s.io "gold" not found',
  ],
  [
    'a snapshot that may not be read',
    () => refusing(restoring(), 'get volumesnapshots'),
    `${HANDLE}error getting snapshot monday from api server: said 403`,
  ],
  [
    'a content that may not be read',
    () => refusing(restoring(), 'get volumesnapshotcontents'),
    `${HANDLE}error getting snapshotcontent content-1 for snapshot monday (said 403)`,
  ],
  [
    'a VolumeAttributesClass that may not be read',
    () => refusing(withAttributesClass(), 'get volumeattributesclasses'),
    'ProvisioningFailed: said 403',
  ],
])('%s: each attempt is told and counted', async (_, open, message) => {
  expect(await attempts(open(), 2)).toEqual({
    told: [BEGINS, message, BEGINS, message],
    counted: ['provisionFailed', 'provisionFailed'],
  });
});

test('a node that may not be written into its claim is told', async () => {
  const world = refusing(aClaimWorld({ settings: { node: aNode({ baseDelayMs: 0 }) } }), 'replace persistentvolumeclaims');
  expect((await attempts(world)).told).toEqual([
    BEGINS,
    'ProvisioningFailed: node check failed: PVC shop/data: selecting node "node-a" for PVC failed: said 403',
  ]);
});

test('a request that the journal cannot hold is not sent: its claim is told why, and gets its volume once it can', async () => {
  const world = aClaimWorld();
  world.journal.state.refusal = new EntryRefused(CLAIM_UID, 'the entry has 20000 bytes, more than 16384');
  expect(await attempts(world)).toEqual({
    told: [BEGINS, 'ProvisioningFailed: the entry has 20000 bytes, more than 16384'],
    counted: ['provisionFailed'],
  });
  expect(world.driver.received).toEqual([]);
  world.journal.state.refusal = undefined;
  expect((await attempts(world)).told.at(-1)).toContain('ProvisioningSucceeded');
  expect(world.driver.received).toHaveLength(1);
});

test('who leaves a claim to another node counts nothing and says nothing', async () => {
  const world = aClaimWorld({ settings: { node: aNode() } });
  world.claims.set('shop/data', aClaim({ metadata: { annotations: { [STORAGE_PROVISIONER]: DRIVER, [SELECTED_NODE]: 'node-b' } } }));
  world.progress.update(CLAIM_UID, { competition: { tries: 3, untilMs: undefined } });
  expect(await attempts(world)).toEqual({ told: [], counted: [] });
  // Should that node give it back, the competition begins anew.
  expect(world.progress.of(CLAIM_UID).competition).toBeUndefined();
});
