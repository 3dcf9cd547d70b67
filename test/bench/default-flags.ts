/** As a cluster has them that sets no limits: the Go programs make five calls a second then. Only snapshots are made by them. */
import { setTimeout as pause } from 'node:timers/promises';
import { cleanUp, doOne } from './phases.ts';
import { startSide, usersOf } from './sides.ts';
import { stopCast } from '../real/programs.ts';
import { openScene, untilNothingLeft } from '../real/main-job.ts';
import { openMeter } from './meter.ts';
import { type Experiment, inFlight } from './table.ts';

const SNAPSHOTS = 20;
/** What the start took of a limit of ten calls, five more a second, is there again. */
const REFILL_MS = 2_500;

export const defaultFlags: Experiment = {
  size: () => `--v=2 and no limits given: ${SNAPSHOTS} snapshots at once`,
  sides: ['go', 'one'],
  rounds: 'all',
  play: async (side, { plane, driver, sight, round }) => {
    const scene = await openScene({ plane, driver, name: `default-flags-${round}-${side}` });
    const input = { scene, sight, signal: plane.stage.broken };
    const names = Array.from({ length: SNAPSHOTS }, (_, index) => `each-${index}`);
    const shared = { plane, address: driver.address, profiles: undefined };
    const helped = async (work: () => Promise<unknown>): Promise<void> => {
      const helper = await startSide('one', shared);
      await work();
      await stopCast(helper);
    };
    await helped(() => inFlight(names, SNAPSHOTS, (name) => doOne('provision', name, input)));
    const programs = await startSide(side, { ...shared, limits: 'default' });
    await pause(REFILL_MS);
    const meter = openMeter({ plane, pids: programs.map(({ pid }) => pid), users: usersOf(side), wire: undefined });
    const figures = await meter.measure({ phase: 'snapshot', temper: 'cold', objects: SNAPSHOTS }, () =>
      inFlight(names, SNAPSHOTS, (name) => doOne('snapshot', name, input)),
    );
    await stopCast(programs);
    await helped(async () => {
      await inFlight(names, SNAPSHOTS, (name) => cleanUp(name, ['provision'], input));
      await untilNothingLeft(scene);
    });
    return { phases: [figures], totals: {} };
  },
};
