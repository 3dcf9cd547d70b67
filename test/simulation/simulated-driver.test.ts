import { describe, expect, it } from 'vitest';
import { CreateVolumeRequest } from '../../proto/gen/csi.ts';
import type { RpcAnswer } from '../../lib/doors/rpc.ts';
import { createDriver } from '../../mock-driver/driver.ts';
import type { Change } from '../../mock-driver/model/records.ts';
import { MemoryStore } from '../../mock-driver/store/memory.ts';
import type { FaultRates } from './faults.ts';
import { NO_FAULTS } from './faults.ts';
import { Scheduler } from './scheduler.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedDriver } from './simulated-driver.ts';

const UNAVAILABLE = 14;
const ABORTED = 10;

function stage(rates: Partial<FaultRates>, seed = 1) {
  const scheduler = new Scheduler(seed, { keepTrace: false });
  const store = new MemoryStore();
  const commits: Change[] = [];
  const ids = new SeededRandom(seed, 2);
  const driver = new SimulatedDriver({
    scheduler,
    random: new SeededRandom(seed, 1),
    open: (life) =>
      createDriver({
        name: 'mock.csi.example',
        nodeId: 'node-1',
        clock: life.clock,
        random: ids,
        store: life.mortal(store.instance()),
        topology: [],
        disabled: new Set(),
        fault: (call) => life.fault(call),
        crash: () => life.crash(),
        journal: (entry) => life.journal(entry),
      }),
    faults: () => ({ ...NO_FAULTS, ...rates }),
    script: () => undefined,
    notReadyMs: () => 0,
    secretsWithin: () => [],
    onCommit: (change) => commits.push(change),
  });
  const create = (name: string): { answer?: RpcAnswer } => {
    const request = CreateVolumeRequest.encode({
      name,
      capacityRange: { requiredBytes: 1n << 30n, limitBytes: 0n },
      volumeCapabilities: [
        { accessMode: { mode: 1 }, accessType: { $case: 'mount', value: { fsType: '', mountFlags: [], volumeMountGroup: '' } } },
      ],
      parameters: {},
      secrets: {},
      volumeContentSource: undefined,
      accessibilityRequirements: undefined,
      mutableParameters: {},
    }).finish();
    const result: { answer?: RpcAnswer } = {};
    void driver.handle({ method: '/csi.v1.Controller/CreateVolume', request, timeoutMs: 1_000_000 }).then((answer) => {
      result.answer = answer;
    });
    return result;
  };
  const pass = (ms: number): Promise<void> => scheduler.run(scheduler.elapsedMs + ms, () => false, 10_000);
  return { driver, store, commits: () => commits.filter(({ op }) => op !== 'put-node'), create, pass };
}

describe('a simulated driver', () => {
  it('answers a call with the effect in its store, and tells of it just before', async () => {
    const { driver, store, commits, create, pass } = stage({});
    await driver.start();
    const made = create('a');
    await pass(0);
    expect(made.answer?.code).toBe(0);
    expect(commits().map(({ op }) => op)).toEqual(['create-volume']);
    expect(store.records().volumes.map(({ name }) => name)).toEqual(['a']);
  });

  it('answers ABORTED for an object that a slow call is about', async () => {
    const { driver, create, pass, store } = stage({ driverSlow: 1 });
    await driver.start();
    const slow = create('a');
    const second = create('a');
    await pass(0);
    expect(second.answer?.code).toBe(ABORTED);
    expect(slow.answer).toBeUndefined();
    await pass(200_000);
    expect(slow.answer?.code).toBe(0);
    expect(store.records().volumes).toHaveLength(1);
  });

  it('loses its calls and does nothing of them when it is killed', async () => {
    const { driver, store, commits, create, pass } = stage({ driverSlow: 1 }, 4);
    await driver.start();
    const lost = create('a');
    await pass(1_000);
    const states: string[] = [];
    driver.onConnection((state) => states.push(state));
    driver.stop();
    await pass(300_000);
    expect(lost.answer?.code).toBe(UNAVAILABLE);
    expect(commits()).toEqual([]);
    expect(store.records().volumes).toEqual([]);
    expect(driver.up()).toBe(false);
    await driver.start();
    expect(states).toEqual(['lost', 'connected']);
  });

  it('comes back by itself after a crash, with what it had committed', async () => {
    const { driver, store, create, pass } = stage({ driverCrash: 1 }, 3);
    await driver.start();
    for (let life = 0; life < 40; life += 1) {
      create(`volume-${life}`);
      await pass(100);
      expect(driver.up()).toBe(false);
      await pass(41_000);
      expect(driver.up()).toBe(true);
    }
    const died = driver.calls.flatMap((call) => call.died ?? (call.code === 'OK' ? ['answered'] : []));
    expect(new Set(died)).toEqual(new Set(['before', 'during, at step 0', 'during, at step 1', 'after', 'answered']));
    const committed = driver.calls.filter(({ effect }) => effect.length > 0);
    const atStepOne = driver.calls.filter((call) => call.died === 'during, at step 1');
    expect(store.records().volumes).toHaveLength(committed.length + atStepOne.length);
  });

  it('answers what lacks something, now and then, though it did as asked', async () => {
    const { driver, store, create, pass } = stage({ driverOdd: 1 });
    const over = async (call: { answer?: RpcAnswer }): Promise<typeof call> => {
      await pass(0);
      return call;
    };
    await driver.start();
    const answers = new Set<string>();
    for (let call = 0; call < 12; call += 1) {
      const { answer } = await over(create('a'));
      expect(answer?.code).toBe(0);
      answers.add(Buffer.from(answer?.response ?? []).toString('hex'));
    }
    expect(answers.size).toBeGreaterThan(3);
    expect(store.records().volumes).toHaveLength(1);
  });
});
