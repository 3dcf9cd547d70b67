/**
 * Every kind of fault that the mock driver can play on snapshots, and what the sidecars make of it: what
 * users read, that no program ends, that all heals when the fault does, and that nothing is left in the driver.
 *
 * Each fault meets two objects: one waits until it is over, the other is deleted while it lasts.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EVENTS, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import type { FaultCase } from './fault-cases.ts';
import { ANY_RPC, CODE_NAMES, CRASHES, DELETE_CASES } from './fault-cases.ts';
import type { FaultWorld } from './fault-world.ts';
import { namespace, openFaultWorld } from './fault-world.ts';

const SNAPSHOT_CASES: readonly FaultCase[] = [
  ...ANY_RPC,
  { fault: 'an answer without a snapshot', rule: { answer: { drop: ['snapshot'] } }, told: /without a snapshot id/ },
  { fault: 'an answer without a snapshot id', rule: { answer: { drop: ['snapshot.snapshot_id'] } }, told: /without a snapshot id/ },
  { fault: 'a snapshot id of 5 MiB', rule: { answer: { huge: { 'snapshot.snapshot_id': '5Mi' } } }, told: /5242880 characters, too long/ },
  { fault: 'a snapshot id that is no UTF-8', rule: { answer: { invalidUtf8: ['snapshot.snapshot_id'] } }, told: /cannot be decoded/ },
];

let bent: FaultWorld;
let cases = 0;
/** Fresh names a test: two objects of its own. */
const names = (): { stays: string; goes: string } => {
  cases += 1;
  return { stays: `stays-${cases}`, goes: `goes-${cases}` };
};

async function removeSnapshot(name: string): Promise<void> {
  await bent.remove(VOLUME_SNAPSHOTS, name);
  await bent.gone(VOLUME_SNAPSHOTS, name);
}

beforeAll(async () => {
  bent = await openFaultWorld({ name: 'driver-faults-snapshots' });
  await bent.createClaim('source');
  await bent.bound('source');
});
afterAll(() => bent.close());

describe('CreateSnapshot', () => {
  test.each(SNAPSHOT_CASES)('$fault: told on the snapshot, healed, nothing left of the one that left meanwhile', async ({ rule, told }) => {
    const { stays, goes } = names();
    await bent.bend([{ ...rule, rpc: 'CreateSnapshot' }]);
    for (const name of [stays, goes]) await bent.createSnapshot(name, 'source');
    for (const name of [stays, goes]) {
      const { status } = await bent.failed(name, told);
      expect(status?.readyToUse).toBe(false);
      const content = { kind: 'VolumeSnapshotContent', name: status?.boundVolumeSnapshotContentName ?? '' };
      // The first attempt and the later ones have reasons of their own, as in the Go program.
      expect((await bent.warned(content, told)).reason).toMatch(/^(SnapshotCreationFailed|SnapshotContentCheckandUpdateFailed)$/);
    }
    // Its end may have to wait for the driver's: an undecided snapshot is not let go.
    await bent.remove(VOLUME_SNAPSHOTS, goes);
    await bent.heal();
    await bent.ready(stays);
    await bent.gone(VOLUME_SNAPSHOTS, goes);
    await bent.untilHolds(1, 1);
    await removeSnapshot(stays);
    await bent.untilHolds(1, 0);
  });

  test.each(CRASHES)('a crash $moment: a new start goes on, with one snapshot', async ({ crash }) => {
    const { stays, goes } = names();
    await bent.bend([{ rpc: 'CreateSnapshot', crash }]);
    for (const name of [stays, goes]) await bent.createSnapshot(name, 'source');
    await bent.driver().ended;
    await bent.remove(VOLUME_SNAPSHOTS, goes);
    await bent.revive();
    await bent.ready(stays);
    await bent.gone(VOLUME_SNAPSHOTS, goes);
    await bent.untilHolds(1, 1);
    await removeSnapshot(stays);
    await bent.untilHolds(1, 0);
  });

  test('not ready for a time: it is bound and polled without an error, then ready', async () => {
    const { stays } = names();
    await bent.bend([{ rpc: '*', notReady: '1h' }]);
    await bent.createSnapshot(stays, 'source');
    const cut = await bent.world.kube.until(
      VOLUME_SNAPSHOTS,
      { name: stays, namespace },
      { what: 'cut', test: ({ status }) => status?.creationTime !== undefined, signal: bent.world.stage.broken },
    );
    expect(cut.status).toMatchObject({ readyToUse: false });
    expect(cut.status?.error).toBeUndefined();
    await bent.heal();
    await bent.remove(VOLUME_SNAPSHOTS, stays);
    await bent.gone(VOLUME_SNAPSHOTS, stays);
    await bent.untilHolds(1, 0);
  });

  test('every gRPC code: none is fatal, each is told, and all snapshots are ready in the end', async () => {
    const snapshots = ['codes-a', 'codes-b', 'codes-c', 'codes-d'];
    await bent.bend(CODE_NAMES.map((code, index) => ({ rpc: 'CreateSnapshot', code, message: `cut ${code}`, calls: `${index + 1}` })));
    for (const name of snapshots) await bent.createSnapshot(name, 'source');
    for (const name of snapshots) await bent.ready(name);
    const messages = (await bent.world.kube.list(EVENTS)).map(({ message = '' }) => message).join('\n');
    for (const code of CODE_NAMES) expect(messages).toContain(`cut ${code}`);
    await bent.heal();
    await bent.untilHolds(1, snapshots.length);
    for (const name of snapshots) await removeSnapshot(name);
    await bent.untilHolds(1, 0);
  });

  test.each([
    { size: -1, restoreSize: undefined },
    { size: 0, restoreSize: undefined },
    { size: 3 * 1024 * 1024, restoreSize: '3Mi' },
  ])('a snapshot that says it has $size bytes is taken', async ({ size, restoreSize }) => {
    const { stays } = names();
    await bent.bend([{ rpc: 'CreateSnapshot', answer: { set: { 'snapshot.size_bytes': `${size}` }, drop: ['snapshot.creation_time'] } }]);
    await bent.createSnapshot(stays, 'source');
    expect((await bent.ready(stays)).status?.restoreSize).toBe(restoreSize);
    await bent.heal();
    await removeSnapshot(stays);
    await bent.untilHolds(1, 0);
  });
});

describe('DeleteSnapshot', () => {
  test.each(DELETE_CASES)('$fault: told, and the snapshot goes when the fault does', async ({ rule, told }) => {
    const { stays } = names();
    await bent.createSnapshot(stays, 'source');
    const content = (await bent.ready(stays)).status?.boundVolumeSnapshotContentName ?? '';
    await bent.bend([{ ...rule, rpc: 'DeleteSnapshot' }]);
    await bent.remove(VOLUME_SNAPSHOTS, stays);
    const event = await bent.warned({ kind: 'VolumeSnapshotContent', name: content }, told);
    expect(event.reason).toBe('SnapshotDeleteError');
    await bent.heal();
    await bent.untilHolds(1, 0);
  });

  test.each(CRASHES)('a crash $moment: a new start goes on, and the snapshot goes', async ({ crash }) => {
    const { stays } = names();
    await bent.createSnapshot(stays, 'source');
    await bent.ready(stays);
    await bent.bend([{ rpc: 'DeleteSnapshot', crash }]);
    await bent.remove(VOLUME_SNAPSHOTS, stays);
    await bent.revive();
    await bent.untilHolds(1, 0);
  });
});
