import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS } from '../../lib/kube/resources.ts';
import { installCrds, readCrds } from '../../harness/crds.ts';
import type { MockDriver } from '../../harness/mock-driver.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import { registerReadyNode } from '../../harness/ready-node.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import { createClaim, deleteClaim, openScene, untilBound, untilNothingLeft } from './main-job.ts';
import { castOf, ownKubeconfigOf, PROGRAM_USERS, startCast, stopCast } from './programs.ts';

const ZONE = 'topology.mock.csi.example/zone';
const ZONES = [
  { node: 'node-a', zone: 'a' },
  { node: 'node-b', zone: 'b' },
] as const;

let plane: ControlPlane;
let driver: MockDriver;

beforeAll(async () => {
  plane = await startControlPlane({ scheduler: true, users: PROGRAM_USERS });
  await installCrds(plane.raw, readCrds());
  driver = await startMockDriver(plane.stage, { args: ZONES.map(({ zone }) => `--topology=${ZONE}=${zone}`) });
  for (const { node, zone } of ZONES) {
    const drivers = [{ name: driver.name, nodeID: node, topologyKeys: [ZONE] }];
    await registerReadyNode(plane.kube, { name: node, labels: { [ZONE]: zone }, drivers });
  }
});
afterAll(() => plane.stop());

interface ScheduledPod extends KubeObject {
  spec?: {
    nodeName?: string;
    nodeSelector?: Record<string, string>;
    containers?: object[];
    volumes?: object[];
    terminationGracePeriodSeconds?: number;
  };
}

describe.each(['ours', 'go'] as const)('with the provisioner of %s', (side) => {
  test('a Pod’s node decides where the volume of its waiting claim is made', async () => {
    const { kube } = plane;
    const guard = { signal: plane.stage.broken };
    const programs = await startCast(plane.stage, {
      cast: castOf(side),
      address: driver.address,
      kubeconfigOf: ownKubeconfigOf(plane),
    });
    const scene = await openScene({ plane, driver, name: `late-${side}`, bindingMode: 'WaitForFirstConsumer' });
    const { namespace } = scene;
    for (const { node, zone } of ZONES) {
      const name = `in-${zone}`;
      await createClaim(scene, name);
      await kube.create<ScheduledPod>(PODS, {
        metadata: { name, namespace },
        spec: {
          nodeSelector: { [ZONE]: zone },
          containers: [{ name: 'main', image: 'none.example/main', volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
          volumes: [{ name: 'data', persistentVolumeClaim: { claimName: name } }],
        },
      });
      const { claim, volumeName } = await untilBound(scene, name);
      expect(claim.metadata?.annotations).toMatchObject({ 'volume.kubernetes.io/selected-node': node });
      const pod = await kube.until<ScheduledPod>(
        PODS,
        { namespace, name },
        { what: 'placed', test: ({ spec }) => spec?.nodeName !== undefined, ...guard },
      );
      expect(pod.spec?.nodeName).toBe(node);
      const volume = await kube.get(PERSISTENT_VOLUMES, { name: volumeName });
      expect(volume.spec?.nodeAffinity?.required?.nodeSelectorTerms).toEqual([
        { matchExpressions: [{ key: ZONE, operator: 'In', values: [zone] }] },
      ]);
    }
    for (const { zone } of ZONES) {
      await plane.kubectl(['delete', 'pod', '--namespace', namespace, `in-${zone}`, '--grace-period=0', '--force']);
      await deleteClaim(scene, `in-${zone}`);
    }
    await untilNothingLeft(scene);
    await stopCast(programs);
  });

  test('without a Pod the claim waits', async () => {
    const scene = await openScene({ plane, driver, name: `alone-${side}`, bindingMode: 'WaitForFirstConsumer' });
    await createClaim(scene, 'alone');
    const events = await plane.kubectl([
      'wait',
      '--for=jsonpath={.reason}=WaitForFirstConsumer',
      'events',
      '--all',
      '-n',
      scene.namespace,
      '--timeout=60s',
    ]);
    expect(events.stdout + events.stderr).toContain('met');
    const claim = await plane.kube.get(PERSISTENT_VOLUME_CLAIMS, { namespace: scene.namespace, name: 'alone' });
    expect(claim.status?.phase).toBe('Pending');
    await plane.kube.delete(PERSISTENT_VOLUME_CLAIMS, { namespace: scene.namespace, name: 'alone' });
    await untilNothingLeft(scene);
  });
});
