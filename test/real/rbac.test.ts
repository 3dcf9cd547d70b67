import { afterAll, beforeAll, expect, test } from 'vitest';
import { installCrds, readCrds } from '../../harness/crds.ts';
import type { CsiNode } from '../../harness/csi-node.ts';
import { openCsiNode } from '../../harness/csi-node.ts';
import type { MockDriver } from '../../harness/mock-driver.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import type { RbacRun } from './rbac.ts';
import { applyUpstreamRbac, runUnderRbac } from './rbac.ts';

let plane: ControlPlane;
let driver: MockDriver;
let node: CsiNode;
let peers: RbacRun;

beforeAll(async () => {
  plane = await startControlPlane({ audit: true });
  await installCrds(plane.raw, readCrds());
  await applyUpstreamRbac(plane);
  driver = await startMockDriver(plane.stage, { args: ['--publish=symlink'] });
  node = openCsiNode({ address: driver.address, nodeId: 'node-a', dir: plane.stage.dir });
});
afterAll(async () => {
  node.close();
  await plane.stop();
});

function told(side: string, { forbidden, calls }: RbacRun): string {
  const list = [...forbidden].map(([key, count]) => `${key} ×${count}`).join('; ');
  return `${side}: ${calls} calls under upstream's RBAC, forbidden: ${list === '' ? 'none' : list}\n`;
}

test('the Go programs do the main job under their own manifests', async () => {
  peers = await runUnderRbac({ plane, driver, node, side: 'go' });
  process.stdout.write(told('go', peers));
  expect(peers.calls).toBeGreaterThan(30);
});

test('ours do it under the same manifests, and are forbidden nothing but what the peers are', async () => {
  const ours = await runUnderRbac({ plane, driver, node, side: 'ours' });
  process.stdout.write(told('ours', ours));
  expect(ours.calls).toBeGreaterThan(30);
  expect([...ours.forbidden.keys()].filter((key) => !peers.forbidden.has(key))).toEqual([]);
});
