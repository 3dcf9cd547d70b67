/**
 * Claims of in-tree classes on a real API server, handed over by the real PV controller: what the driver that took over is asked,
 * and the PV that is written, are the Go program's field by field.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PersistentVolumeClaim, StorageClass } from '../../lib/kube/objects.ts';
import { CSI_NODES, NODES, PERSISTENT_VOLUME_CLAIMS, STORAGE_CLASSES } from '../../lib/kube/resources.ts';
import { installCrds, readCrds } from '../../harness/crds.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import { eventually } from '../../harness/wait.ts';
import { NAMESPACES } from './main-job.ts';
import { PROGRAM_USERS, type Side, startProgram, userOf } from './programs.ts';
import { startRecordingDrivers } from './worlds/drivers.ts';
import type { Listed, SideOutcome } from './worlds/outcome.ts';
import { listWorld, outcomeOf } from './worlds/outcome.ts';
import { SELECTED_NODE } from './worlds/parts.ts';
import { namespaceOf } from './worlds/world.ts';

const FINALIZER = 'external-provisioner.volume.kubernetes.io/finalizer';
const ZONE = 'topology.kubernetes.io/zone';
const BETA_ZONE = 'failure-domain.beta.kubernetes.io/zone';
/** What the PV controller says of a claim is its own matter. */
const OF_PROVISIONERS = /\/Provisioning(?:Succeeded|Failed)?$/;

let plane: ControlPlane;

beforeAll(async () => {
  plane = await startControlPlane({ users: PROGRAM_USERS });
  await installCrds(plane.raw, readCrds());
});
afterAll(() => plane.stop());

interface Plugin {
  readonly driver: string;
  readonly plugin: string;
  readonly zoneKey: string;
  readonly zones: readonly [string, string];
  readonly handle?: string;
  /** It refuses a class that names zones twice; the third takes no zones as parameters. */
  readonly refusesTwoWays: boolean;
  /** Of a class as its users wrote them. */
  readonly parameters: Readonly<Record<string, string>>;
}

const PLUGINS: readonly Plugin[] = [
  {
    driver: 'ebs.csi.aws.com',
    plugin: 'kubernetes.io/aws-ebs',
    zoneKey: 'topology.ebs.csi.aws.com/zone',
    zones: ['us-east-1a', 'us-east-1b'],
    refusesTwoWays: true,
    parameters: { type: 'io1', iopsPerGB: '10', fsType: 'xfs', encrypted: 'true' },
  },
  {
    driver: 'pd.csi.storage.gke.io',
    plugin: 'kubernetes.io/gce-pd',
    zoneKey: 'topology.gke.io/zone',
    zones: ['us-central1-a', 'us-central1-b'],
    handle: 'projects/p/zones/us-central1-b/disks/NAME',
    refusesTwoWays: true,
    parameters: { type: 'pd-ssd', fstype: 'ext4', 'replication-type': 'none' },
  },
  {
    driver: 'cinder.csi.openstack.org',
    plugin: 'kubernetes.io/cinder',
    zoneKey: 'topology.cinder.csi.openstack.org/zone',
    zones: ['nova', 'east'],
    refusesTwoWays: false,
    parameters: { fsType: 'ext3' },
  },
];

interface Shape extends Pick<StorageClass, 'allowedTopologies' | 'volumeBindingMode'> {
  readonly parameters?: Readonly<Record<string, string>>;
  readonly claim?: PersistentVolumeClaim['spec'];
}

/** Each a class with a claim. */
function shapesOf({ parameters, zones: [first, second] }: Plugin): Readonly<Record<string, Shape>> {
  const allowed = (key: string, ...values: string[]): Pick<Shape, 'allowedTopologies'> => ({
    allowedTopologies: [{ matchLabelExpressions: [{ key, values }] }],
  });
  const late = { volumeBindingMode: 'WaitForFirstConsumer' };
  return {
    plain: { parameters },
    zoned: { parameters: { ...parameters, zone: second } },
    'in-zones': { parameters: { zones: `${second},${first}` } },
    allowed: { ...late, ...allowed(ZONE, second, first) },
    'allowed-of-old': allowed(BETA_ZONE, second),
    contradiction: { parameters: { zone: first }, ...allowed(ZONE, first) },
    late: { ...late, parameters },
    block: { claim: { volumeMode: 'Block' } },
  };
}

/** Both have a second zone's node selected, where a node is. */
async function makeAll(plugin: Plugin, name: string): Promise<void> {
  const { kube } = plane;
  for (const [index, zone] of plugin.zones.entries()) {
    const node = `${name}-${index}`;
    await kube.create(NODES, { metadata: { name: node, labels: { [plugin.zoneKey]: zone, [ZONE]: zone } } });
    await kube.create(CSI_NODES, {
      metadata: { name: node },
      spec: { drivers: [{ name: plugin.driver, nodeID: node, topologyKeys: [plugin.zoneKey] }] },
    });
  }
  for (const [shape, { claim: _claim, parameters = {}, ...rest }] of Object.entries(shapesOf(plugin)))
    await kube.create(STORAGE_CLASSES, {
      metadata: { name: `${name}-${shape}` },
      provisioner: plugin.plugin,
      reclaimPolicy: 'Delete',
      parameters: { ...parameters },
      ...rest,
    });
}

function claimsOf(plugin: Plugin, name: string): readonly PersistentVolumeClaim[] {
  return Object.entries(shapesOf(plugin)).map(([shape, { claim, volumeBindingMode }]) => ({
    metadata: { name: shape, ...(volumeBindingMode === undefined ? {} : { annotations: { [SELECTED_NODE]: `${name}-1` } }) },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: `${name}-${shape}`,
      resources: { requests: { storage: '3Gi' } },
      ...claim,
    },
  }));
}

/** Each claim has a PV that is bound and protected, and was told so, or was told why not. */
function isDone({ claims, volumes, events }: Listed, namespace: string): boolean {
  return claims
    .filter(({ metadata }) => metadata?.namespace === namespace)
    .every(({ metadata, status }) => {
      const isProtected = volumes.some(
        (volume) => volume.spec?.claimRef?.uid === metadata?.uid && volume.metadata?.finalizers?.includes(FINALIZER) === true,
      );
      const isTold = (reason: string): boolean =>
        events.some((event) => event.involvedObject?.uid === metadata?.uid && event.reason === reason);
      return isTold('ProvisioningFailed') || (isTold('ProvisioningSucceeded') && isProtected && status?.phase === 'Bound');
    });
}

test.each(PLUGINS)('$driver: claims of $plugin are made as the Go program makes them', async (plugin) => {
  const { kube, stage } = plane;
  const name = plugin.driver.replaceAll('.', '-');
  const claims = claimsOf(plugin, name);
  const drivers = await startRecordingDrivers(stage, [
    {
      name: plugin.driver,
      plugin: ['CONTROLLER_SERVICE', 'VOLUME_ACCESSIBILITY_CONSTRAINTS'],
      controller: ['CREATE_DELETE_VOLUME'],
      ...(plugin.handle === undefined ? {} : { handle: plugin.handle }),
    },
  ]);
  await makeAll(plugin, name);

  const outcomeWith = async (side: Side): Promise<SideOutcome> => {
    const namespace = namespaceOf({ name }, side);
    await kube.create(NAMESPACES, { metadata: { name: namespace } });
    for (const claim of claims) await kube.create(PERSISTENT_VOLUME_CLAIMS, { ...claim, metadata: { ...claim.metadata, namespace } });
    const kubeconfig = plane.kubeconfigOf(userOf('csi-provisioner', side).name);
    const address = drivers.addressOf(plugin.driver);
    const program = await startProgram(stage, { role: 'csi-provisioner', side, kubeconfig, address });
    const listed = await eventually(
      `the claims of ${side}`,
      async () => {
        const present = await listWorld(kube, { name });
        return isDone(present, namespace) ? present : undefined;
      },
      { signal: stage.broken },
    );
    await program.stop();
    return outcomeOf({ name, claims }, side, { listed, calls: drivers.callsOf(plugin.driver) });
  };
  const plain = ({ claims: outcomes }: SideOutcome): object =>
    Object.fromEntries(
      Object.entries(outcomes).map(([claim, outcome]) => [
        claim,
        { ...outcome, words: undefined, told: outcome.told.filter((told) => OF_PROVISIONERS.test(told)) },
      ]),
    );

  const go = await outcomeWith('go');
  const ours = await outcomeWith('ours');
  expect(plain(ours)).toEqual(plain(go));
  for (const [claim, { words }] of Object.entries(go.claims)) expect(ours.claims[claim]?.words ?? '').toContain(words ?? '');
  // Nothing was compared with nothing.
  const made = Object.values(go.claims).filter(({ volume, requests }) => volume?.includes('"csi"') === false && requests.length === 1);
  expect(made).toHaveLength(claims.length - (plugin.refusesTwoWays ? 1 : 0));
  expect(go.claims['contradiction']?.words?.includes('failed to translate storage class') === true).toBe(plugin.refusesTwoWays);
  await drivers.program.stop();
});
