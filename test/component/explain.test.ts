/** `csi-sidecars explain` on the sandbox, with the sidecars running: the true cause is named, and nothing is written. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Explanation } from '../../csi-sidecars/explain/explanation.ts';
import { EXPLAIN } from '../../csi-sidecars/explain/verb.ts';
import { DRIVER, untilNodeHasDriver } from '../../demo/world.ts';
import { freePort } from '../../harness/free-port.ts';
import { eventually } from '../../harness/wait.ts';
import { PERSISTENT_VOLUME_CLAIMS, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import { type Answer, askVerb } from '../ask-verb.ts';
import { watchedDoors } from './doctor-doors.ts';
import { type Situation, SITUATIONS } from './explain-cases.ts';
import { type FaultWorld, openFaultWorld } from './fault-world.ts';
import { planter } from './planter.ts';

let bent: FaultWorld;
let debugAddress = '';
const writes: string[] = [];

const ask = (...words: string[]): Promise<Answer> =>
  askVerb(EXPLAIN, { doors: watchedDoors(writes), kubeconfig: bent.world.kubeconfig, signal: bent.world.stage.broken }, words);

/** Some names are known only once the objects are there. */
async function resolve(words: string): Promise<string> {
  const { kube } = bent.world;
  const [, kind = '', of = '', name = ''] = /^(\w+)\/(VOLUME|CONTENT)-OF-(\w+)$/.exec(words) ?? [];
  const target = { name, namespace: 'default' };
  if (of === 'VOLUME') return `${kind}/${(await kube.get(PERSISTENT_VOLUME_CLAIMS, target)).spec?.volumeName ?? ''}`;
  if (of === 'CONTENT') return `${kind}/${(await kube.get(VOLUME_SNAPSHOTS, target)).status?.boundVolumeSnapshotContentName ?? ''}`;
  return words;
}

beforeAll(async () => {
  debugAddress = `127.0.0.1:${await freePort()}`;
  bent = await openFaultWorld({ name: 'explain', provisionerFlags: [`--debug-endpoint=${debugAddress}`] });
  await bent.createClaim('fixed');
  await bent.bound('fixed');
  await bent.createSnapshot('fixed', 'fixed');
  await bent.ready('fixed');
  await untilNodeHasDriver(bent.world.kube);
});
afterAll(() => bent.close());

describe('explain names whose turn it is', () => {
  test.each(SITUATIONS.map((situation): [string, Situation] => [situation.name, situation]))('for %s', async (_, situation) => {
    const { plant, undoAll } = planter(bent.world.kube);
    try {
      await situation.plant(plant, bent);
      const { code, out, err } = await ask(await resolve(situation.ask), '--output=json');
      expect(err).toEqual([]);
      const { turn, lastError, next, ...rest } = JSON.parse(out[0] ?? '') as Explanation & { readonly schema: string };
      expect({ who: turn.who, why: turn.why }).toEqual({ who: situation.who, why: expect.stringMatching(situation.why) });
      expect(`${turn.waitsFor?.kind ?? ''}/${turn.waitsFor?.name ?? ''}`).toMatch(new RegExp(`^${situation.waitsFor ?? '/$'}`));
      if (situation.code !== undefined) expect(lastError).toMatchObject({ grpcCode: situation.code });
      expect(code).toBe(situation.who === 'nobody' ? 0 : 1);
      expect(rest.schema).toBe('csi-sidecars/explain.v1');
      expect(next.every(({ does }) => does !== '')).toBe(true);
      if (situation.who !== 'nobody' && situation.who !== 'binder') expect(turn.command).toMatch(/^(kubectl|csi-sidecars) /);
    } finally {
      await undoAll();
    }
  });
});

describe('explain tells a person', () => {
  test('the chain from what it is made of to what is made of it', async () => {
    const { out } = await ask('pvc/fixed', '--output=json');
    const { chain } = JSON.parse(out[0] ?? '') as Explanation;
    expect(chain.map(({ relation, place, state }) => `${relation} ${place.kind} ${state}`)).toEqual([
      'class StorageClass mock.csi.example',
      'volume PersistentVolume Bound',
      'snapshot VolumeSnapshot ready',
    ]);
  });

  test('in text, whose turn it is, before everything else', async () => {
    const { out, code } = await ask('pvc/fixed');
    expect(code).toBe(0);
    expect(out[0]).toMatch(/^persistentvolumeclaim\/fixed -n default {2}Bound, since /);
    expect(out[1]).toBe('  turn of    nobody: the claim has its volume');
  });

  test('what only the running process knows, where it may be asked', async () => {
    // Each call lasts a while and fails, and the next one waits: one of the two is always so.
    await bent.bend([{ rpc: 'CreateVolume', delay: '1500ms', code: 'UNAVAILABLE', message: 'busy' }]);
    await bent.createClaim('asked');
    try {
      const found = await eventually('the call to be under way', async () => {
        const { out } = await ask('pvc/asked', `--debug-endpoint=${debugAddress}`, '--output=json');
        const explained = JSON.parse(out[0] ?? '') as Explanation;
        return explained.underWay?.effect === 'create-volume' ? explained : undefined;
      });
      expect(found.underWay).toMatchObject({ controller: 'claims', since: expect.stringMatching(/^\d{4}-.*Z$/) });
      const held = await eventually('the next try to be held back', async () => {
        const { out } = await ask('pvc/asked', `--debug-endpoint=${debugAddress}`, '--output=json');
        const { heldBack } = JSON.parse(out[0] ?? '') as Explanation;
        return heldBack?.until === null || heldBack?.until === undefined ? undefined : heldBack;
      });
      expect(held.why).toMatch(/^until .*, as the running csi-provisioner says of create-volume: after \d+ failed tr/);
    } finally {
      await bent.heal();
    }
    await bent.bound('asked');
    const { out } = await ask('pvc/asked', `--debug-endpoint=${debugAddress}`, '--output=json');
    expect(JSON.parse(out[0] ?? '')).toMatchObject({
      underWay: null,
      heldBack: { until: null, why: expect.stringContaining('holds nothing') },
    });
    expect(await ask('pvc/asked', '--debug-endpoint=127.0.0.1:1')).toMatchObject({
      code: 1,
      err: [expect.stringMatching(/--debug-endpoint=127.0.0.1:1: nobody answers .*kubectl port-forward/)],
    });
  });

  test('of a claim that is gone, what the journal still holds of it, from the Leases and from the running process alike', async () => {
    await bent.bend([{ rpc: 'CreateVolume', code: 'UNAVAILABLE', message: 'busy' }]);
    try {
      await bent.createClaim('given-up');
      await bent.warned({ kind: 'PersistentVolumeClaim', name: 'given-up' }, /busy/);
      const waiting = JSON.parse((await ask('pvc/given-up', '--output=json')).out[0] ?? '') as Explanation;
      expect(waiting.turn.who).toBe('driver');
      expect(waiting.journal).toMatchObject([{ driver: DRIVER, requests: 1, lease: { kind: 'Lease', namespace: 'default' } }]);
      await bent.remove(PERSISTENT_VOLUME_CLAIMS, 'given-up');
      await bent.gone(PERSISTENT_VOLUME_CLAIMS, 'given-up');
      const { code, out, err } = await ask('pvc/given-up');
      expect({ code, err }).toEqual({ code: 1, err: [] });
      const text = out.join('\n');
      expect(text).toMatch(/given-up -n default {2}gone/);
      expect(text).toMatch(
        /turn of {4}csi-provisioner: the claim is gone, and whether mock.csi.example made its volume pvc-\S+ is not known yet/,
      );
      expect(text).toMatch(/last error .*busy/);
      expect(text).toMatch(/to release it: look for pvc-.* stop csi-provisioner, kubectl edit lease\/csi-journal-\S+ -n default # take /);
      const asked = JSON.parse(
        (await ask('pvc/given-up', `--debug-endpoint=${debugAddress}`, '--output=json')).out[0] ?? '',
      ) as Explanation;
      expect(asked.journal).toMatchObject([{ ...waiting.journal[0], undecidedSince: expect.stringMatching(/Z$/) }]);
    } finally {
      await bent.heal();
    }
    await eventually('the entry to be settled', async () =>
      (await ask('pvc/given-up')).err[0]?.includes('there is no') ? true : undefined,
    );
  });

  test('of a kind or a name that is not there, which one is near', async () => {
    expect(await ask('pvcs/fixed')).toMatchObject({
      code: 2,
      err: [expect.stringMatching(/"pvcs" is none of the kinds.*did you mean pvc\?/)],
    });
    expect(await ask('fixed')).toMatchObject({ code: 2, err: [expect.stringMatching(/write KIND\/NAME/)] });
    expect(await ask('pvc/fixd')).toMatchObject({
      code: 1,
      err: ['explain: there is no persistentvolumeclaim/fixd -n default: did you mean fixed?'],
    });
    expect(await ask('pvc/fixed', '-n', 'other')).toMatchObject({ code: 1, err: [expect.stringContaining('-n other')] });
  });
});

test('explain wrote nothing, in all that came before', () => {
  expect(writes).toEqual([]);
});
