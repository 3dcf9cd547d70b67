import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installCrds, readCrds } from '../../harness/crds.ts';
import type { AuditCall } from '../../harness/real/audit.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { IS_NEWEST_KUBERNETES } from '../../harness/real/binaries.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import { onControlPlane } from '../../harness/real/on-control-plane.ts';
import { forbiddenIn, told } from './rbac.ts';
import { describeRight, needs, readRights, rightsIn } from './rights.ts';
import { runRightsJob } from './rights-job.ts';
import { removeOneByOne } from './rights-removed.ts';
import { runUnderUpstreamRbac } from './upstream-rbac.ts';

test("ours do the main job and a group under upstream's manifests, and are forbidden nothing; nor are the Go programs", async () => {
  const runs = await onControlPlane({ audit: true }, runUnderUpstreamRbac);
  for (const [side, calls] of Object.entries(runs)) {
    process.stdout.write(`${told(side, calls)}\n`);
    expect(calls.length).toBeGreaterThan(60);
    expect(Object.fromEntries(forbiddenIn(calls)), side).toEqual({});
  }
});

// The job has a VolumeAttributesClass.
describe.skipIf(!IS_NEWEST_KUBERNETES)('under the roles of deploy/', () => {
  let plane: ControlPlane;
  let calls: readonly AuditCall[];
  const manifests = readRights();
  const rights = rightsIn(manifests);

  beforeAll(async () => {
    plane = await startControlPlane({ audit: true });
    await installCrds(plane.raw, readCrds());
    calls = await runRightsJob(plane);
    process.stdout.write(`${told('ours', calls)}\n`);
  });
  afterAll(() => plane.stop());

  test('nothing that the programs do is forbidden', () => {
    expect(Object.fromEntries(forbiddenIn(calls))).toEqual({});
  });

  test('each right is needed by a call that no other right allows', () => {
    expect(needs(rights, calls).unneeded.map(describeRight)).toEqual([]);
  });

  test('a right too many is found', () => {
    const planted = {
      role: 'r',
      user: calls[0]?.user ?? '',
      namespace: undefined,
      group: '',
      resource: 'pods',
      verb: 'delete',
      name: undefined,
    };
    expect(needs([...rights, planted], calls).unneeded).toEqual([planted]);
  });

  test('without any one of them the server refuses that call', async () => {
    await removeOneByOne({ plane, manifests, rights, needed: needs(rights, calls).needed });
  });
});
