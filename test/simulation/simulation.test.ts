import { describe, expect, it } from 'vitest';
import { GROUP_JOB } from './scenarios/groups.ts';
import { MAIN_JOB } from './scenarios/main-job.ts';
import { type Sweep, sweepCrashes } from './sweep.ts';

function failuresOf({ failures }: Sweep): readonly string[] {
  return failures.map(({ crashAt, result }) => `${crashAt}: ${[...result.crashed].join()} ${result.violations[0]?.message ?? ''}`);
}

/** Whatever changes something for a snapshot or a group of them, sorted. Events and reads do not. */
function changesIn({ hit }: Sweep): readonly string[] {
  const points = [...hit].filter((point) => /^(?:snapshot-controller|csi-snapshotter) (?!GET|\w+ events)/.test(point));
  return [...new Set(points.map((point) => point.replace(/ \w+$/, '')))].toSorted();
}

describe('simulation', () => {
  it('survives a crash at every single crash point of the main job', async () => {
    const sweep = await sweepCrashes(MAIN_JOB, 1);
    expect(failuresOf(sweep)).toEqual([]);
    expect([...sweep.distinct].filter((point) => !sweep.hit.has(point))).toEqual([]);
  });

  it('survives a crash at every single crash point of the making and the deletion of a group', async () => {
    const sweep = await sweepCrashes(GROUP_JOB, 1);
    expect(failuresOf(sweep)).toEqual([]);
    expect([...sweep.distinct].filter((point) => !sweep.hit.has(point))).toEqual([]);
    expect(changesIn(sweep)).toEqual([
      'csi-snapshotter PATCH volumegroupsnapshotcontents',
      'csi-snapshotter PATCH volumegroupsnapshotcontents/status',
      'csi-snapshotter PATCH volumesnapshotcontents',
      'csi-snapshotter RPC CreateVolumeGroupSnapshot',
      'csi-snapshotter RPC DeleteVolumeGroupSnapshot',
      'snapshot-controller DELETE volumegroupsnapshotcontents',
      'snapshot-controller DELETE volumesnapshotcontents',
      'snapshot-controller DELETE volumesnapshots',
      'snapshot-controller PATCH volumegroupsnapshotcontents',
      'snapshot-controller PATCH volumegroupsnapshots',
      'snapshot-controller PATCH volumegroupsnapshots/status',
      'snapshot-controller PATCH volumesnapshotcontents',
      'snapshot-controller PATCH volumesnapshotcontents/status',
      'snapshot-controller PATCH volumesnapshots',
      'snapshot-controller PATCH volumesnapshots/status',
      'snapshot-controller POST volumegroupsnapshotcontents',
      'snapshot-controller POST volumesnapshotcontents',
      'snapshot-controller POST volumesnapshots',
      'snapshot-controller PUT persistentvolumeclaims',
    ]);
  });
});
