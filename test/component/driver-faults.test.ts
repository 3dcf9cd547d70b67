/**
 * Every kind of fault that the mock driver can play on volumes, and what the sidecars make of it: what
 * users read, that no program ends, that all heals when the fault does, and that nothing is left in the driver.
 *
 * Each fault meets two objects: one waits until it is over, the other is deleted while it lasts.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { programFile } from '../../demo/world.ts';
import { EVENTS, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES } from '../../lib/kube/resources.ts';
import { VOLUME_FINALIZER } from '../../provisioner/facts/names.ts';
import { eventually } from '../../harness/wait.ts';
import type { FaultCase } from './fault-cases.ts';
import { ANY_RPC, CODE_NAMES, CRASHES, DELETE_CASES } from './fault-cases.ts';
import type { FaultWorld } from './fault-world.ts';
import { namespace, openFaultWorld } from './fault-world.ts';

const VOLUME_CASES: readonly FaultCase[] = [
  ...ANY_RPC,
  { fault: 'an answer without a volume', rule: { answer: { drop: ['volume'] } }, told: /without a volume/ },
  { fault: 'an answer without a volume id', rule: { answer: { drop: ['volume.volume_id'] } }, told: /without a volume/ },
  {
    fault: 'a volume smaller than asked for',
    rule: { answer: { set: { 'volume.capacity_bytes': '1' } } },
    told: /capacity 1 less than requested capacity 1048576/,
  },
  { fault: 'a volume id of 5 MiB', rule: { answer: { huge: { 'volume.volume_id': '5Mi' } } }, told: /5242\d{3} characters, too long/ },
  { fault: 'a volume id that is no UTF-8', rule: { answer: { invalidUtf8: ['volume.volume_id'] } }, told: /cannot be decoded/ },
];

let bent: FaultWorld;
let cases = 0;
/** Fresh names a test: two objects of its own. */
const names = (): { stays: string; goes: string } => {
  cases += 1;
  return { stays: `stays-${cases}`, goes: `goes-${cases}` };
};
const claimOf = (name: string) => ({ kind: 'PersistentVolumeClaim', name });
const claim = async (name: string) => bent.world.kube.get(PERSISTENT_VOLUME_CLAIMS, { name, namespace });

async function removeClaim(name: string): Promise<void> {
  await bent.remove(PERSISTENT_VOLUME_CLAIMS, name);
  await bent.gone(PERSISTENT_VOLUME_CLAIMS, name);
}

beforeAll(async () => {
  bent = await openFaultWorld({ name: 'driver-faults' });
  await bent.createClaim('source');
  await bent.bound('source');
});
afterAll(() => bent.close());

describe('CreateVolume', () => {
  test.each(VOLUME_CASES)('$fault: told on the claim, healed, nothing left of the claim that left meanwhile', async ({ rule, told }) => {
    const { stays, goes } = names();
    await bent.bend([{ ...rule, rpc: 'CreateVolume' }]);
    for (const name of [stays, goes]) await bent.createClaim(name);
    for (const name of [stays, goes]) expect((await bent.warned(claimOf(name), told)).reason).toBe('ProvisioningFailed');
    expect((await claim(stays)).status?.phase).toBe('Pending');
    await removeClaim(goes);
    await bent.heal();
    await bent.bound(stays);
    await bent.untilHolds(2, 0);
    await removeClaim(stays);
    await bent.untilHolds(1, 0);
  });

  test.each(CRASHES)('a crash $moment: a new start goes on, with one volume', async ({ crash }) => {
    const { stays, goes } = names();
    await bent.bend([{ rpc: 'CreateVolume', crash }]);
    for (const name of [stays, goes]) await bent.createClaim(name);
    await bent.driver().ended;
    await removeClaim(goes);
    await bent.revive();
    await bent.bound(stays);
    await bent.untilHolds(2, 0);
    await removeClaim(stays);
    await bent.untilHolds(1, 0);
  });

  test('a delay within the limit is waited for in one call', async () => {
    const { stays } = names();
    const before = (await bent.journal()).filter(({ rpc }) => rpc === 'CreateVolume').length;
    await bent.bend([{ rpc: 'CreateVolume', delay: '500ms' }]);
    await bent.createClaim(stays);
    await bent.bound(stays);
    await bent.heal();
    expect((await bent.journal()).filter(({ rpc }) => rpc === 'CreateVolume').length - before).toBe(1);
    await removeClaim(stays);
    await bent.untilHolds(1, 0);
  });

  test('every gRPC code: none is fatal, each is told, and all claims are bound in the end', async () => {
    const claims = ['codes-a', 'codes-b', 'codes-c', 'codes-d'];
    await bent.bend(CODE_NAMES.map((code, index) => ({ rpc: 'CreateVolume', code, message: `scripted ${code}`, calls: `${index + 1}` })));
    for (const name of claims) await bent.createClaim(name);
    for (const name of claims) await bent.bound(name);
    const messages = (await bent.world.kube.list(EVENTS)).map(({ message = '' }) => message).join('\n');
    for (const code of CODE_NAMES) expect(messages).toContain(`scripted ${code}`);
    await bent.heal();
    await bent.untilHolds(1 + claims.length, 0);
    for (const name of claims) await removeClaim(name);
    await bent.untilHolds(1, 0);
  });

  test('a volume larger than asked for is taken, and said to be that large', async () => {
    const { stays } = names();
    await bent.bend([{ rpc: 'CreateVolume', answer: { set: { 'volume.capacity_bytes': `${2 * 1024 * 1024}` } } }]);
    await bent.createClaim(stays);
    expect((await bent.bound(stays)).spec?.capacity).toEqual({ storage: '2Mi' });
    await bent.heal();
    await removeClaim(stays);
    await bent.untilHolds(1, 0);
  });

  test('a volume context of 100 KiB is kept whole', async () => {
    const { stays } = names();
    await bent.bend([{ rpc: 'CreateVolume', answer: { huge: { 'volume.volume_context.note': '100Ki' } } }]);
    await bent.createClaim(stays);
    expect((await bent.bound(stays)).spec?.csi?.volumeAttributes?.['note']).toHaveLength(100 * 1024);
    await bent.heal();
    await removeClaim(stays);
    await bent.untilHolds(1, 0);
  });

  test('a volume that does not say that it was filled is given to nobody who asked for a copy', async () => {
    const { stays } = names();
    await bent.bend([{ rpc: 'CreateVolume', answer: { drop: ['volume.content_source'] } }]);
    await bent.createClaim(stays, { dataSource: { kind: 'PersistentVolumeClaim', name: 'source' } });
    await bent.warned(claimOf(stays), /volume content source missing/);
    await bent.heal();
    await bent.bound(stays);
    await removeClaim(stays);
    await bent.untilHolds(1, 0);
  });
});

describe('DeleteVolume', () => {
  test.each(DELETE_CASES)('$fault: told on the volume, which goes when the fault does', async ({ rule, told }) => {
    const { stays } = names();
    await bent.createClaim(stays);
    const volume = (await bent.bound(stays)).metadata?.name ?? '';
    await bent.bend([{ ...rule, rpc: 'DeleteVolume' }]);
    await removeClaim(stays);
    const event = await bent.warned({ kind: 'PersistentVolume', name: volume }, told);
    expect(event.reason).toBe('VolumeFailedDelete');
    // Tried again, and still not let go.
    const calls = async (): Promise<number> => (await bent.journal()).filter(({ rpc }) => rpc === 'DeleteVolume').length;
    const once = await calls();
    await eventually('another DeleteVolume', async () => ((await calls()) > once ? true : undefined), { signal: bent.world.stage.broken });
    const kept = await bent.world.kube.get(PERSISTENT_VOLUMES, { name: volume });
    expect([kept.metadata?.finalizers?.includes(VOLUME_FINALIZER), kept.metadata?.deletionTimestamp]).toEqual([true, undefined]);
    await bent.heal();
    await bent.untilHolds(1, 0);
  });

  test.each(CRASHES)('a crash $moment: a new start goes on, and the volume goes', async ({ crash }) => {
    const { stays } = names();
    await bent.createClaim(stays);
    await bent.bound(stays);
    await bent.bend([{ rpc: 'DeleteVolume', crash }]);
    await removeClaim(stays);
    await bent.revive();
    await bent.untilHolds(1, 0);
  });
});

describe('at the start', () => {
  const STARTS = [
    { fault: 'is not ready for a time', scenario: { rpc: 'Probe', notReady: '1h' }, logged: /CSI driver is not ready/ },
    { fault: 'does not answer Probe in time', scenario: { rpc: 'Probe', delay: '1h' }, logged: /imed out|DeadlineExceeded/ },
  ] as const;

  test.each(STARTS)('a driver that $fault is waited for', async ({ scenario, logged }) => {
    const slow = await openFaultWorld({ name: 'driver-start', scenario: [scenario] });
    try {
      const beside = slow.sidecars.filter(({ name }) => name !== 'snapshot-controller');
      for (const sidecar of beside)
        await eventually(`${sidecar.name} to say why it waits`, () => (logged.test(sidecar.log()) ? true : undefined), {
          signal: slow.world.stage.broken,
        });
      await slow.createClaim('early');
      await slow.heal();
      await slow.bound('early');
      await slow.untilHolds(1, 0);
    } finally {
      await slow.close();
    }
  });

  // As in the Go programs: whoever looks after the Pod shall see that the driver is broken.
  test.each([
    {
      fault: 'fails Probe',
      rule: { rpc: 'Probe', code: 'FAILED_PRECONDITION' },
      said: /cannot be used, Probe: rpc error: code = FailedPrecondition/,
    },
    { fault: 'has no name', rule: { rpc: 'GetPluginInfo', answer: { drop: ['name'] } }, said: /has an empty name/ },
    { fault: 'has a name that is no UTF-8', rule: { rpc: 'GetPluginInfo', answer: { invalidUtf8: ['name'] } }, said: /cannot be decoded/ },
  ])('a driver that $fault ends the sidecar with 1 and one line that says so', async ({ rule, said }) => {
    await bent.bend([rule]);
    for (const name of ['csi-snapshotter', 'csi-provisioner']) {
      const { stage, kubeconfig } = bent.world;
      const args = [programFile(name), `--kubeconfig=${kubeconfig}`, `--csi-address=${join(stage.dir, 'csi.sock')}`];
      const { code, stdout, stderr } = await stage.run({ name, file: process.execPath, args, timeoutMs: 60_000 });
      expect(code, stderr).toBe(1);
      expect(`${stdout}${stderr}`.split('\n').filter((line) => said.test(line))).toHaveLength(1);
    }
    await bent.heal();
  });
});
