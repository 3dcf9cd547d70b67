/**
 * The driver's Pod with sidecars of one side or the other, as objects to apply: deploy/mock-driver-node as it is published, with
 * all that a driver may have switched on (attaching, expansion, topology, capacities, groups), under the RBAC of the Go programs.
 */
import { join } from 'node:path';
import { readManifests } from '../manifests.ts';
import { UPSTREAM_PROGRAMS, upstreamRbacFile } from '../real/upstream-rbac.ts';
import { repositoryRoot } from '../repository.ts';
import { peerImage, type PeerName } from './images.ts';

/** `trio`: our three programs; `one`: ours in one process; `go`: the Go programs. */
export type Side = 'trio' | 'one' | 'go';

export const DRIVER = 'mock.csi.example';
export const DRIVER_NAMESPACE = 'mock-driver';
export const TOPOLOGY_KEY = 'topology.mock.csi.example/node';

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly env?: readonly object[];
  readonly [field: string]: unknown;
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: { readonly [field: string]: unknown };
  readonly subjects?: readonly { readonly kind: string; readonly name: string }[];
}

interface Workload extends Manifest {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly Container[]; readonly [field: string]: unknown } };
    readonly [field: string]: unknown;
  };
}

/** The kubelet gives volumes to groups, by every policy that a Pod may name. */
const DISABLED = '--disable=VOLUME_MOUNT_GROUP';
const DRIVER_ARGS = [`--topology=${TOPOLOGY_KEY}=$(NODE_NAME)`];
const GROUPS = '--feature-gates=CSIVolumeGroupSnapshot=true';
const PROVISIONER_ARGS = [
  '--feature-gates=Topology=true',
  '--enable-capacity',
  '--capacity-ownerref-level=1',
  '--capacity-for-immediate-binding',
];
const field = (name: string, path: string): object => ({ name, valueFrom: { fieldRef: { fieldPath: path } } });
const POD = [field('NAMESPACE', 'metadata.namespace'), field('POD_NAME', 'metadata.name')];

/** What a driver's vendor may set otherwise. */
export interface DriverSettings {
  /** Instead of its one topology key. */
  readonly driverArgs?: readonly string[];
  /** Beside the others, of all that elect a leader. */
  readonly sidecarArgs?: readonly string[];
}

/** Everything but the CRDs, in an order that can be applied. */
export function driverObjects(side: Side, settings: DriverSettings = {}): readonly object[] {
  const published = readManifests<Manifest>(join(repositoryRoot(), 'deploy/mock-driver-node/driver.yaml'));
  const rest = published.filter(({ kind }) => ['Namespace', 'ServiceAccount'].includes(kind));
  const controller = readManifests<Workload>(join(repositoryRoot(), 'deploy/snapshot-controller/deployment.yaml'));
  return [
    ...rest,
    ...published.filter(({ kind }) => kind === 'CSIDriver').map(withAll),
    ...upstreamRbac(side),
    ...(side === 'one' ? [] : controller.map((deployment) => controllerOf(deployment, side, settings))),
    ...published.filter(({ kind }) => kind === 'DaemonSet').map((daemonSet) => podOf(daemonSet as Workload, side, settings)),
  ];
}

/** Of a program that both sides have. */
export const programImage = (name: PeerName, side: Exclude<Side, 'one'>): string => containerOf(name, driverObjects(side)).image;

/** What a driver of these settings is called with. */
export const driverArguments = (settings: DriverSettings): readonly string[] =>
  containerOf('mock-driver', driverObjects('trio', settings)).args;

function containerOf(name: string, objects: readonly object[]): Container {
  return namedOf(
    name,
    objects.flatMap((object) => (object as Partial<Workload>).spec?.template?.spec.containers ?? []),
  );
}

function namedOf(name: string, containers: readonly Container[]): Container {
  const found = containers.find((container) => container.name === name);
  if (found === undefined) throw new Error(`no Pod of the driver has a container ${name}`);
  return found;
}

const withAll = (driver: Manifest): Manifest => ({ ...driver, spec: { ...driver.spec, attachRequired: true, storageCapacity: true } });

function withContainers<T extends Workload>(workload: T, containers: readonly Container[]): T {
  const { template } = workload.spec;
  return { ...workload, spec: { ...workload.spec, template: { ...template, spec: { ...template.spec, containers } } } };
}

/** One replica that is ready at once: an image is set many times here. */
function controllerOf(deployment: Workload, side: Side, { sidecarArgs = [] }: DriverSettings): Workload {
  const containers = deployment.spec.template.spec.containers.map((container) =>
    imageOf(withArgs(container, [GROUPS, ...sidecarArgs]), side),
  );
  const made = withContainers(deployment, containers);
  return { ...made, spec: { ...made.spec, replicas: 1, minReadySeconds: 0 } };
}

function podOf(daemonSet: Workload, side: Side, { driverArgs = DRIVER_ARGS, sidecarArgs = [] }: DriverSettings): Workload {
  const { containers } = daemonSet.spec.template.spec;
  const named = (name: string): Container => namedOf(name, containers);
  const provisioner = { ...withArgs(named('csi-provisioner'), [...PROVISIONER_ARGS, ...sidecarArgs]), env: POD };
  const snapshotter = withArgs(named('csi-snapshotter'), [GROUPS, ...sidecarArgs]);
  const plain = { ...provisioner, args: ['--csi-address=/csi/csi.sock', '--v=2'], env: [], ports: [], livenessProbe: undefined };
  const others = (['csi-attacher', 'csi-resizer'] as const).map((name) => ({ ...plain, name, image: peerImage(name) }));
  const sidecars =
    side === 'one'
      ? [{ ...provisioner, ...oneProcess(provisioner) }]
      : [provisioner, snapshotter].map((container) => imageOf(container, side));
  return withContainers(daemonSet, [
    withArgs(named('mock-driver'), [DISABLED, ...driverArgs]),
    named('node-driver-registrar'),
    named('livenessprobe'),
    ...sidecars,
    ...others,
  ]);
}

function oneProcess(provisioner: Container): Partial<Container> {
  return {
    name: 'csi-sidecars',
    image: provisioner.image.replace('csi-provisioner', 'csi-sidecars'),
    args: ['--roles=snapshot-controller,csi-snapshotter,csi-provisioner', ...provisioner.args],
  };
}

const withArgs = (container: Container, more: readonly string[]): Container => ({ ...container, args: [...container.args, ...more] });

function imageOf(container: Container, side: Side): Container {
  return side === 'go' ? { ...container, image: peerImage(container.name as PeerName) } : container;
}

/**
 * The rules as they are published; bound to the one ServiceAccount of the driver's Pod, as their comments ask everybody to do. The
 * controller's lease is in a namespace of its own, also where it runs in the driver's Pod.
 */
function upstreamRbac(side: Side): readonly Manifest[] {
  return UPSTREAM_PROGRAMS.flatMap((program) => {
    const found = readManifests<Manifest>(upstreamRbacFile(program));
    if (program === 'snapshot-controller' && side !== 'one') return found;
    return found
      .filter(({ kind }) => kind !== 'ServiceAccount')
      .map((manifest) => ({
        ...manifest,
        metadata:
          manifest.kind.startsWith('Cluster') || program === 'snapshot-controller'
            ? manifest.metadata
            : { ...manifest.metadata, namespace: DRIVER_NAMESPACE },
        ...(manifest.subjects === undefined
          ? {}
          : { subjects: [{ kind: 'ServiceAccount', name: 'mock-driver', namespace: DRIVER_NAMESPACE }] }),
      }));
  });
}
