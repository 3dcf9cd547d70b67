/** A driver that cuts at once and needs seconds until a snapshot may be used: how much later the VolumeSnapshot says so. */
import { VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import { createSnapshot } from '../real/main-job.ts';
import { doOne, untilReady } from './phases.ts';
import { quantile } from './statistics.ts';
import { atTable, type Experiment, inFlight } from './table.ts';

const SNAPSHOTS = 100;
const CLAIMS = 10;
const READY_AFTER_S = 10;

export const readiness: Experiment = {
  size: () => `${SNAPSHOTS} snapshots at once of ${CLAIMS} claims, usable ${READY_AFTER_S} s after they were cut`,
  sides: ['go', 'one'],
  rounds: 'one',
  play: (side, contest) =>
    atTable(side, { contest, name: 'readiness' }, async ({ input, memory }) => {
      const { scene, sight } = input;
      const { inFlight: width } = contest.options;
      const claims = Array.from({ length: CLAIMS }, (_, index) => `claim-${index}`);
      await inFlight(claims, width, (claim) => doOne('provision', claim, input));
      await contest.control.bend([{ rpc: 'CreateSnapshot', notReady: `${READY_AFTER_S}s` }]);
      const names = Array.from({ length: SNAPSHOTS }, (_, index) => `snapshot-${index}`);
      const lagOf = async (name: string, index: number): Promise<number> => {
        await createSnapshot(scene, name, `claim-${index % CLAIMS}-source`);
        const at = performance.timeOrigin + (await untilReady(name, input));
        const content = sight.find(VOLUME_SNAPSHOTS, { namespace: scene.namespace, name })?.status?.boundVolumeSnapshotContentName ?? '';
        // Nanoseconds; what a number cannot hold of them is less than one microsecond.
        const cutMs = Number(sight.find(VOLUME_SNAPSHOT_CONTENTS, { name: content })?.status?.creationTime ?? Number.NaN) / 1e6;
        return at - (cutMs + READY_AFTER_S * 1000);
      };
      const lags = await Promise.all(names.map(lagOf));
      await contest.control.heal();
      await inFlight(names, width, (name) => doOne('delete snapshot', name, input));
      await inFlight(claims, width, (claim) => doOne('delete volume', claim, input));
      return {
        phases: [],
        totals: { lagP50Ms: quantile(lags, 0.5), lagMostMs: Math.max(...lags), ...memory() },
      };
    }),
};
