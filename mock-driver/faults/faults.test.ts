/** Each kind of fault, seen from the caller's side and from the ledger and the journal, which tell the truth. */
import { describe, expect, test } from 'vitest';
import { loadCodec } from '../codec.ts';
import type { JournalEntry } from '../journal.ts';
import { capability, openWorkbench, settle, type Workbench, type WorkbenchOptions } from '../workbench.ts';
import type { FaultRule } from './fault.ts';

const codec = loadCodec();

interface FaultBench extends Workbench {
  readonly journal: JournalEntry[];
  readonly crashes: () => number;
}

async function open(rules: readonly FaultRule[], options: Partial<WorkbenchOptions> = {}): Promise<FaultBench> {
  const journal: JournalEntry[] = [];
  let crashes = 0;
  const crash = (): void => {
    crashes += 1;
  };
  const bench = await openWorkbench({ codec, journal: (entry) => journal.push(entry), crash, ...options });
  bench.driver.faults.add(rules);
  return { ...bench, journal, crashes: () => crashes };
}

const create = ({ client }: Workbench, name = 'v') => client.createVolume({ name, volumeCapabilities: [capability()] });
const volumes = ({ driver }: Workbench): string[] => driver.ledger().volumes.map(({ name }) => name);

/** Whether a promise has settled by now. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await settle();
  return done;
}

describe('delay', () => {
  test('before: nothing is done until the time is over', async () => {
    const bench = await open([{ rpc: 'CreateVolume', delayMs: 1000 }]);
    const call = create(bench);
    await bench.clock.advance(999);
    expect([await settled(call), volumes(bench)]).toEqual([false, []]);
    await bench.clock.advance(1);
    expect([(await call).code, volumes(bench)]).toEqual(['OK', ['v']]);
  });

  test('after: all is done, and the caller does not know', async () => {
    const bench = await open([{ rpc: 'CreateVolume', answerDelayMs: 1000 }]);
    const call = create(bench);
    await bench.clock.advance(999);
    expect([await settled(call), volumes(bench)]).toEqual([false, ['v']]);
    await bench.clock.advance(1);
    expect((await call).code).toBe('OK');
  });

  test('the object has an operation pending meanwhile: another one is ABORTED, other objects are free', async () => {
    const bench = await open([{ rpc: 'CreateVolume', name: 'slow', delayMs: 1000 }]);
    const call = create(bench, 'slow');
    await settle();
    expect((await create(bench, 'slow')).code).toBe('ABORTED');
    expect((await create(bench, 'other')).code).toBe('OK');
    await bench.clock.advance(1000);
    expect((await call).code).toBe('OK');
    expect(bench.driver.ledger().volumes).toHaveLength(2);
  });
});

describe('code', () => {
  test('alone: the call is refused and nothing is done', async () => {
    const bench = await open([{ rpc: 'CreateVolume', code: 'RESOURCE_EXHAUSTED', message: 'no more disks' }]);
    expect(await create(bench)).toMatchObject({ code: 'RESOURCE_EXHAUSTED', message: 'no more disks' });
    expect(volumes(bench)).toEqual([]);
    expect(bench.journal[0]).toMatchObject({ code: 'RESOURCE_EXHAUSTED', effect: [] });
  });

  test('with effect: it succeeds and says DEADLINE_EXCEEDED; the journal knows both', async () => {
    const bench = await open([{ rpc: 'CreateVolume', code: 'DEADLINE_EXCEEDED', effect: true, calls: { from: 1, to: 1 } }]);
    expect((await create(bench)).code).toBe('DEADLINE_EXCEEDED');
    expect(volumes(bench)).toEqual(['v']);
    expect(bench.journal[0]).toMatchObject({ code: 'DEADLINE_EXCEEDED', effect: [expect.stringMatching(/^create-volume vol-/)] });
    const again = await create(bench);
    expect(again.response.volume?.volumeId).toBe(bench.driver.ledger().volumes[0]?.id);
  });
});

describe('crash', () => {
  test.each([
    ['before' as const, []],
    ['after' as const, ['v']],
  ])('%s: no answer ever comes', async (crash, left) => {
    const bench = await open([{ rpc: 'CreateVolume', crash }]);
    const call = create(bench);
    expect([await settled(call), bench.crashes()]).toEqual([false, 1]);
    expect(volumes({ ...bench, driver: (await openWorkbench({ codec, store: bench.store })).driver })).toEqual(left);
    expect(bench.journal.at(-1)).toMatchObject({ died: crash, effect: left.length === 0 ? [] : [expect.stringMatching(/^create-volume/)] });
  });

  test.each([
    [0, []],
    [1, ['v']],
  ])('during, at step %d of the commit: the next process finds all or nothing', async (crashStep, left) => {
    const bench = await open([{ rpc: 'CreateVolume', crash: 'during', crashStep }]);
    expect(await settled(create(bench))).toBe(false);
    expect(bench.crashes()).toBe(1);
    const next = await openWorkbench({ codec, store: bench.store });
    expect(volumes(next)).toEqual(left);
    expect((await create(next)).code).toBe('OK');
    expect(volumes(next)).toEqual(['v']);
  });

  test('answered: the caller has its answer, then the process ends', async () => {
    const bench = await open([{ rpc: 'CreateVolume', crash: 'answered' }]);
    expect([(await create(bench)).code, bench.crashes()]).toEqual(['OK', 0]);
    await bench.clock.advance(100);
    expect(bench.crashes()).toBe(1);
  });
});

describe('not ready', () => {
  test('a snapshot is cut at once, ready later, and no source before', async () => {
    const bench = await open([{ rpc: 'CreateSnapshot', notReadyMs: 5000 }]);
    const sourceVolumeId = (await create(bench)).response.volume?.volumeId ?? '';
    const cut = () => bench.client.createSnapshot({ name: 's', sourceVolumeId });
    const first = (await cut()).response.snapshot;
    expect(first?.readyToUse).toBe(false);
    const restore = () =>
      bench.client.createVolume({
        name: 'r',
        volumeCapabilities: [capability()],
        volumeContentSource: { type: { $case: 'snapshot', value: { snapshotId: first?.snapshotId ?? '' } } },
      });
    expect((await restore()).code).toBe('UNAVAILABLE');
    await bench.clock.advance(5000);
    expect((await cut()).response.snapshot).toEqual({ ...first, readyToUse: true });
    expect((await bench.client.listSnapshots()).response.entries[0]?.snapshot?.readyToUse).toBe(true);
    expect((await restore()).code).toBe('OK');
  });

  test('a group is ready when its members are', async () => {
    const bench = await open([{ rpc: 'CreateVolumeGroupSnapshot', notReadyMs: 5000 }]);
    const sourceVolumeIds = [
      (await create(bench, 'a')).response.volume?.volumeId ?? '',
      (await create(bench, 'b')).response.volume?.volumeId ?? '',
    ];
    const cut = async () => (await bench.client.createGroup({ name: 'g', sourceVolumeIds })).response.groupSnapshot;
    expect(await cut()).toMatchObject({ readyToUse: false, snapshots: [{ readyToUse: false }, { readyToUse: false }] });
    await bench.clock.advance(5000);
    expect(await cut()).toMatchObject({ readyToUse: true, snapshots: [{ readyToUse: true }, { readyToUse: true }] });
  });

  test('Probe says so for a time after the start', async () => {
    const bench = await open([{ rpc: 'Probe', notReadyMs: 3000 }]);
    expect((await bench.client.probe()).response.ready).toBe(false);
    await bench.clock.advance(3000);
    expect((await bench.client.probe()).response.ready).toBe(true);
  });
});

describe('answer', () => {
  test('wrong sizes: what is answered is not what is there', async () => {
    const bench = await open([{ rpc: 'CreateVolume', answer: { set: { 'volume.capacity_bytes': '1' } } }]);
    expect((await create(bench)).response.volume?.capacityBytes).toBe(1n);
    expect(bench.driver.ledger().volumes[0]?.bytes).toBe(1n << 30n);
  });

  test('missing fields', async () => {
    const bench = await open([{ rpc: 'CreateVolume', answer: { drop: ['volume.volume_id', 'volume.volume_context.kind'] } }]);
    expect((await create(bench)).response.volume).toMatchObject({ volumeId: '', volumeContext: {}, capacityBytes: 1n << 30n });
  });

  test('a whole message missing', async () => {
    const bench = await open([{ rpc: 'CreateVolume', answer: { drop: ['volume'] } }]);
    expect((await create(bench)).response.volume).toBeUndefined();
  });

  test('a member of a list missing: the others move up', async () => {
    const bench = await open([{ rpc: 'CreateVolumeGroupSnapshot', answer: { drop: ['group_snapshot.snapshots.0'] } }]);
    const volume = await create(bench, 'a');
    const other = await create(bench, 'b');
    const ids = [volume, other].map(({ response }) => response.volume?.volumeId ?? '');
    const { response } = await bench.client.createGroup({ name: 'g', sourceVolumeIds: ids });
    expect(response.groupSnapshot?.snapshots.map(({ sourceVolumeId }) => sourceVolumeId)).toEqual([ids[1]]);
    expect(bench.driver.ledger().snapshots).toHaveLength(2);
  });

  test('huge fields', async () => {
    const bench = await open([{ rpc: 'CreateVolume', answer: { huge: { 'volume.volume_context.blob': 1 << 20 } } }]);
    expect((await create(bench)).response.volume?.volumeContext['blob']).toHaveLength(1 << 20);
  });

  test('text that is no UTF-8', async () => {
    const bench = await open([{ rpc: 'GetPluginInfo', answer: { invalidUtf8: ['name', 'vendor_version'] } }]);
    const { response } = await bench.driver.handle('/csi.v1.Identity/GetPluginInfo', new Uint8Array());
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(response)).toThrow();
    expect(Buffer.from(response).filter((byte) => byte === 0xff).length).toBeGreaterThan(20);
  });

  test('an entry of a list, by its index', async () => {
    const bench = await open([{ rpc: 'ListVolumes', answer: { set: { 'entries.1.volume.volume_id': 'ghost' } } }]);
    for (const name of ['a', 'b']) await create(bench, name);
    const { response } = await bench.client.listVolumes();
    expect(response.entries.map(({ volume }) => volume?.volumeId === 'ghost')).toEqual([false, true]);
  });
});

describe('a request taken amiss', () => {
  test('is carried out as the driver takes it and noted as it came', async () => {
    const bench = await open([{ rpc: 'DeleteVolume', request: { set: { volume_id: 'another' } } }]);
    const { response } = await create(bench);
    expect((await bench.client.deleteVolume({ volumeId: response.volume?.volumeId ?? '' })).code).toBe('OK');
    expect(volumes(bench)).toEqual(['v']);
    expect(bench.journal.at(-1)?.request).toMatchObject({ volume_id: response.volume?.volumeId });
  });

  test('an answer may repeat what was asked although something else was done', async () => {
    const bench = await open([
      {
        rpc: 'CreateVolume',
        name: 'copy',
        request: { drop: ['volume_content_source'] },
        answer: { echo: { 'volume.content_source': 'volume_content_source' } },
      },
    ]);
    const { response } = await create(bench);
    const type = { $case: 'volume' as const, value: { volumeId: response.volume?.volumeId ?? '' } };
    const copy = await bench.client.createVolume({ name: 'copy', volumeCapabilities: [capability()], volumeContentSource: { type } });
    expect(copy.response.volume?.contentSource).toEqual({ type });
    expect(bench.driver.ledger().volumes.map(({ source }) => source)).toEqual([undefined, undefined]);
  });

  test('a field that the driver overlooks is not there for it', async () => {
    const bench = await open([{ rpc: 'ListSnapshots', request: { drop: ['snapshot_id'] } }]);
    const { response } = await create(bench);
    await bench.client.createSnapshot({ name: 's', sourceVolumeId: response.volume?.volumeId ?? '' });
    expect((await bench.client.listSnapshots({ snapshotId: 'none' })).response.entries).toHaveLength(1);
  });
});

describe('the script', () => {
  test('a rule may be for the volumes of one class alone', async () => {
    const bench = await open([{ rpc: 'CreateVolume', parameters: { tier: 'slow' }, code: 'UNAVAILABLE' }]);
    const ofTier = (tier: string) => bench.client.createVolume({ name: tier, volumeCapabilities: [capability()], parameters: { tier } });
    expect([(await ofTier('slow')).code, (await ofTier('fast')).code]).toEqual(['UNAVAILABLE', 'OK']);
  });

  test('a simulation may choose faults itself; rules come first', async () => {
    const bench = await open([{ rpc: 'CreateVolume', name: 'a', code: 'INTERNAL' }], {
      fault: ({ rpc }) => (rpc === 'CreateVolume' ? { code: 'UNAVAILABLE' } : undefined),
    });
    expect([(await create(bench, 'a')).code, (await create(bench, 'b')).code]).toEqual(['INTERNAL', 'UNAVAILABLE']);
  });

  test('cleared rules are gone', async () => {
    const bench = await open([{ rpc: '*', code: 'INTERNAL' }]);
    bench.driver.faults.clear();
    expect((await create(bench)).code).toBe('OK');
  });
});
