/** A real control plane with a driver that is bent while it runs, and a corner of it for each situation. */
import type { DriverControl, ScenarioRule } from '../../harness/driver-control.ts';
import type { Kube } from '../../harness/kube.ts';
import { type MockDriver, startSteeredDriver } from '../../harness/mock-driver.ts';
import { type ControlPlane, startControlPlane } from '../../harness/real/control-plane.ts';
import { installCrds, readCrds } from '../../harness/crds.ts';
import { registerReadyNode } from '../../harness/ready-node.ts';
import type { Program } from '../../harness/stage.ts';
import { eventually } from '../../harness/wait.ts';
import type { KubeObject, PersistentVolume, PersistentVolumeClaim, Resource, VolumeSnapshot } from '../../lib/kube/objects.ts';
import {
  CSI_DRIVERS,
  EVENTS,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  STORAGE_CLASSES,
  VOLUME_SNAPSHOT_CLASSES,
  VOLUME_SNAPSHOTS,
} from '../../lib/kube/resources.ts';
import { grant, userSubject } from './grants.ts';
import { GROUPS } from './group-job.ts';
import { NAMESPACES } from './main-job.ts';
import { castOf, groupsOn, ownKubeconfigOf, PROGRAM_USERS, ROLES, type Side, startCast } from './programs.ts';
import { ACCOUNTS, applyRbac } from './rbac.ts';
import { RIGHTS_FILES } from './rights.ts';

/** Where one situation stands. */
export interface Corner {
  readonly kube: Kube;
  readonly driver: string;
  readonly node: string;
  readonly namespace: string;
  /** For classes, pools and labels that nobody else has. */
  readonly own: string;
  until<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    condition: { readonly what: string; readonly test: (object: T) => boolean },
  ): Promise<T>;
  bound(claim: string): Promise<PersistentVolumeClaim>;
  gone(resource: Resource<KubeObject>, name: string): Promise<void>;
  /** Waits for a Warning about an object of that name. */
  warned(name: string): Promise<void>;
  /** Waits until the status of the VolumeSnapshot says so. */
  failed(snapshot: string, message: RegExp): Promise<VolumeSnapshot>;
  /** Waits until the volume controller has named the provisioner. */
  handedOver(claim: string): Promise<unknown>;
  /** Waits for one of all PersistentVolumes. */
  untilVolume(test: (volume: PersistentVolume) => boolean): Promise<PersistentVolume>;
  /** Waits until no PersistentVolume is for a claim of this namespace. */
  untilNoVolume(): Promise<unknown>;
  /** The driver does this, until `heal`. */
  bend(rule: ScenarioRule): Promise<void>;
  heal(): Promise<void>;
}

export interface StuckWorld {
  readonly plane: ControlPlane;
  readonly driver: MockDriver;
  corner(name: string): Promise<Corner>;
  /** All three programs of that side, each with an election, and quick to try again. */
  start(side: Side): Promise<Program[]>;
}

/** May look at everything and do nothing. */
export const LOOKER = 'looker';
/** May ask for the rights of others besides, which stores nothing. */
export const EXAMINER = 'examiner';
const NODE = 'node-a';

export async function openStuckWorld(): Promise<StuckWorld> {
  const plane = await startControlPlane({
    audit: true,
    scheduler: true,
    users: [...PROGRAM_USERS, { name: LOOKER, groups: [] }, { name: EXAMINER, groups: [] }],
  });
  const { kube, raw, stage } = plane;
  await installCrds(raw, readCrds());
  const { driver, control } = await startSteeredDriver(stage, { nodeId: NODE });
  await registerDriver(kube, driver.name);
  await applyRbac(plane, RIGHTS_FILES);
  await letLook(kube);
  await showPods(kube);
  await makeClasses(kube, driver.name);
  const faults = openFaults(control);
  const guard = { signal: stage.broken };
  return {
    plane,
    driver,
    corner: async (name) => {
      await kube.create(NAMESPACES, { metadata: { name } });
      const target = (object: string): { name: string; namespace: string } => ({ name: object, namespace: name });
      const until: Corner['until'] = (resource, object, condition) => kube.until(resource, target(object), { ...condition, ...guard });
      return {
        kube,
        driver: driver.name,
        node: NODE,
        namespace: name,
        own: `own-${name}`,
        until,
        bound: (claim) => until(PERSISTENT_VOLUME_CLAIMS, claim, { what: 'bound', test: ({ status }) => status?.phase === 'Bound' }),
        gone: (resource, object) => kube.untilGone(resource, target(object), guard),
        warned: async (object) => {
          const find = async (): Promise<true | undefined> =>
            (await kube.list(EVENTS)).some(
              ({ type, involvedObject }) =>
                type === 'Warning' && involvedObject?.name === object && (involvedObject.namespace ?? name) === name,
            )
              ? true
              : undefined;
          await eventually(`a Warning about ${object} in ${name}`, find, guard);
        },
        failed: (snapshot, message) =>
          until(VOLUME_SNAPSHOTS, snapshot, { what: 'failed', test: ({ status }) => message.test(status?.error?.message ?? '') }),
        handedOver: (claim) =>
          until(PERSISTENT_VOLUME_CLAIMS, claim, {
            what: 'handed over',
            test: ({ metadata }) => metadata?.annotations?.['volume.kubernetes.io/storage-provisioner'] !== undefined,
          }),
        untilVolume: (test) => eventually('a volume', async () => (await kube.list(PERSISTENT_VOLUMES)).find(test), guard),
        untilNoVolume: () => {
          const isOurs = ({ spec }: PersistentVolume): boolean => spec?.claimRef?.namespace === name;
          return eventually('no volume', async () => ((await kube.list(PERSISTENT_VOLUMES)).some(isOurs) ? undefined : true), guard);
        },
        bend: (rule) => faults.set(name, rule),
        heal: () => faults.set(name, undefined),
      };
    },
    start: (side) =>
      startCast(stage, {
        cast: castOf(side),
        address: driver.address,
        kubeconfigOf: ownKubeconfigOf(plane),
        argsOf: (role) => [
          '--leader-election=true',
          '--leader-election-namespace=kube-system',
          // A busy machine must not cost the lease.
          '--leader-election-lease-duration=90s',
          '--leader-election-renew-deadline=60s',
          '--retry-interval-start=500ms',
          '--retry-interval-max=2s',
          ...groupsOn(role),
        ],
      }),
  };
}

/** The driver takes all rules at once: what each corner wants is put together. */
function openFaults(control: DriverControl): { set(corner: string, rule: ScenarioRule | undefined): Promise<void> } {
  const rules = new Map<string, ScenarioRule>();
  let last: Promise<void> = Promise.resolve();
  return {
    set: (corner, rule) => {
      if (rule === undefined) rules.delete(corner);
      else rules.set(corner, rule);
      last = last.then(async () => {
        await control.heal();
        await control.bend([...rules.values()]);
      });
      return last;
    },
  };
}

async function registerDriver(kube: Kube, driver: string): Promise<void> {
  const drivers = [{ name: driver, nodeID: NODE, topologyKeys: [] }];
  await registerReadyNode(kube, { name: NODE, labels: { 'kubernetes.io/hostname': NODE }, drivers });
  await kube.create(CSI_DRIVERS, { metadata: { name: driver }, spec: { attachRequired: false } });
}

async function letLook(kube: Kube): Promise<void> {
  const looking = { apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list'] };
  const asking = { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] };
  await grant(kube, LOOKER, { rules: [looking], to: userSubject(LOOKER) });
  await grant(kube, EXAMINER, { rules: [looking, asking], to: userSubject(EXAMINER) });
}

/** The programs are processes here: Pods that say whose accounts they would have. */
async function showPods(kube: Kube): Promise<void> {
  for (const role of ROLES) {
    const { namespace, name } = ACCOUNTS[role];
    const containers = [{ name: role, image: `registry.example/${role}:v9.0.0`, args: ['--leader-election=true'] }];
    const spec = { nodeName: NODE, serviceAccountName: name, containers };
    await kube.create(PODS, { metadata: { name, namespace }, spec } as KubeObject);
  }
}

async function makeClasses(kube: Kube, driver: string): Promise<void> {
  await kube.create(STORAGE_CLASSES, { metadata: { name: 'plain' }, provisioner: driver });
  await kube.create(STORAGE_CLASSES, { metadata: { name: 'late' }, provisioner: driver, volumeBindingMode: 'WaitForFirstConsumer' });
  await kube.create(VOLUME_SNAPSHOT_CLASSES, { metadata: { name: 'plain' }, driver, deletionPolicy: 'Delete' });
  await kube.create(GROUPS.classes, { metadata: { name: 'plain' }, driver, deletionPolicy: 'Delete' });
}
