import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadCodec } from './codec.ts';
import { command, type Interruption, runSequence, SEQUENCE_POOL, type Step, type Subject } from './sequences.ts';
import { countingRandom, openWorkbench, settle } from './workbench.ts';
import { MemoryStore } from './store/memory.ts';

const codec = loadCodec();
const pools = [{ segment: undefined, bytes: SEQUENCE_POOL }];

/** Every place where a process on the memory store can die, and what the next one finds. */
const interruption: fc.Arbitrary<Interruption> = fc.constantFrom(
  { moment: 'before', step: 0, committed: false },
  { moment: 'during', step: 0, committed: false },
  { moment: 'during', step: 1, committed: true },
  { moment: 'after', step: 0, committed: true },
);

const step: fc.Arbitrary<Step> = fc.record({ command, interrupted: fc.option(interruption, { nil: undefined, freq: 4 }) });

test('random calls with crashes agree with the specification after every step', async () => {
  let crashed = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }), async (steps) => {
      const store = new MemoryStore();
      const random = countingRandom();
      const open = (): Promise<Subject> => openWorkbench({ codec, store, pools, random });
      await runSequence(
        {
          open,
          interrupt: async ({ driver }, { moment, step: crashStep }, call) => {
            driver.faults.add([{ rpc: '*', crash: moment, crashStep }]);
            void call();
            await settle();
            crashed += 1;
            return open();
          },
        },
        steps,
      );
    }),
    { seed: 20_260_101, numRuns: 150 },
  );
  expect(crashed).toBeGreaterThan(150);
});
