/**
 * The three programs as processes beside a mock driver that is bent while it runs: sandbox, driver with its
 * control socket, sidecars with short waits. What users see is asked here; a program that ends breaks the
 * stage and with it every wait.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { World } from '../../demo/world.ts';
import { DRIVER, installWorldCrds, openSandboxWorld, readLedger, SIDECARS, startDriver, startProgram } from '../../demo/world.ts';
import type { CoreEvent, KubeObject, PersistentVolume, Resource, VolumeSnapshot } from '../../lib/kube/objects.ts';
import {
  EVENTS,
  LEASES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  STORAGE_CLASSES,
  VOLUME_SNAPSHOT_CLASSES,
  VOLUME_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOTS,
} from '../../lib/kube/resources.ts';
import { type DriverCall, openDriverControl, type ScenarioRule } from '../../harness/driver-control.ts';
import type { Program } from '../../harness/stage.ts';
import { eventually } from '../../harness/wait.ts';
import { openEntries } from '../../harness/journal-entries.ts';

export const namespace = 'default';
const CLASS = 'bent';

export interface FaultWorld {
  readonly world: World;
  readonly sidecars: readonly Program[];
  /** The running driver; another one after `revive`. */
  driver(): Program;
  /** From now on, until `heal`. */
  bend(rules: readonly ScenarioRule[]): Promise<void>;
  heal(): Promise<void>;
  /** Starts the driver again after it crashed. Its rules are gone. */
  revive(): Promise<void>;
  /** One line of the driver's journal per call. */
  journal(): Promise<readonly DriverCall[]>;
  createClaim(name: string, spec?: object): Promise<void>;
  createSnapshot(name: string, claim: string): Promise<void>;
  bound(name: string): Promise<PersistentVolume>;
  ready(name: string): Promise<VolumeSnapshot>;
  /** Asks for deletion and does not wait. */
  remove<T extends KubeObject>(resource: Resource<T>, name: string): Promise<void>;
  gone<T extends KubeObject>(resource: Resource<T>, name: string): Promise<void>;
  /** A Warning about the object whose message matches. */
  warned(about: { readonly kind: string; readonly name: string }, message: RegExp): Promise<CoreEvent>;
  /** The snapshot's status.error, once it matches. */
  failed(name: string, message: RegExp): Promise<VolumeSnapshot>;
  /** Nothing on the API server and in the driver but these numbers of volumes and snapshots; no records, programs alive. */
  untilHolds(volumes: number, snapshots: number): Promise<void>;
  close(): Promise<void>;
}

export interface FaultWorldOptions {
  readonly name: string;
  /** Rules that hold from the driver's start, until `heal`. */
  readonly scenario?: readonly ScenarioRule[];
  /** Of csi-provisioner, besides. */
  readonly provisionerFlags?: readonly string[];
}

export async function openFaultWorld({ name, scenario = [], provisionerFlags = [] }: FaultWorldOptions): Promise<FaultWorld> {
  const world = await openSandboxWorld(name);
  const { stage, kube } = world;
  const signal = stage.broken;
  const control = join(stage.dir, 'control.sock');
  const launch = (flags: readonly string[]): Promise<Program> =>
    startDriver(world, { flags: [`--control=unix://${control}`, ...flags], mayEnd: true });
  await installWorldCrds(world, signal);
  const scenarioFile = join(stage.dir, 'scenario.json');
  writeFileSync(scenarioFile, JSON.stringify({ faults: scenario }));
  let driver = await launch([`--scenario=${scenarioFile}`]);
  const common = [`--kubeconfig=${world.kubeconfig}`, '--retry-interval-start=100ms', '--retry-interval-max=500ms'];
  const flagsOf = (program: (typeof SIDECARS)[number]): readonly string[] => [
    ...common,
    ...(program === 'csi-provisioner' ? provisionerFlags : []),
    ...(program === 'snapshot-controller' ? [] : [`--csi-address=${join(stage.dir, 'csi.sock')}`, '--timeout=2s']),
  ];
  const sidecars = SIDECARS.map((program) => startProgram(stage, program, { flags: flagsOf(program) }));
  await kube.create(STORAGE_CLASSES, {
    metadata: { name: CLASS },
    provisioner: DRIVER,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'Immediate',
  });
  await kube.create(VOLUME_SNAPSHOT_CLASSES, { metadata: { name: CLASS }, driver: DRIVER, deletionPolicy: 'Delete' });

  const { bend, heal, journal } = openDriverControl(control);

  return {
    world,
    sidecars,
    driver: () => driver,
    bend,
    heal,
    revive: async () => {
      await driver.ended;
      driver = await launch([]);
    },
    journal,
    createClaim: async (claim, spec = {}) => {
      const resources = { requests: { storage: '1Mi' } };
      await kube.create(PERSISTENT_VOLUME_CLAIMS, {
        metadata: { name: claim, namespace },
        spec: { accessModes: ['ReadWriteOnce'], storageClassName: CLASS, resources, ...spec },
      });
    },
    createSnapshot: async (snapshot, claim) => {
      await kube.create(VOLUME_SNAPSHOTS, {
        metadata: { name: snapshot, namespace },
        spec: { volumeSnapshotClassName: CLASS, source: { persistentVolumeClaimName: claim } },
      });
    },
    bound: async (claim) => {
      const target = { name: claim, namespace };
      const isBound = { what: 'bound', test: ({ status }: { status?: { phase?: string } }) => status?.phase === 'Bound', signal };
      const { spec } = await kube.until(PERSISTENT_VOLUME_CLAIMS, target, isBound);
      return kube.get(PERSISTENT_VOLUMES, { name: spec?.volumeName ?? '' });
    },
    ready: (snapshot) => {
      const isReady = ({ status }: VolumeSnapshot): boolean => status?.readyToUse === true && (status.error ?? null) === null;
      return kube.until(VOLUME_SNAPSHOTS, { name: snapshot, namespace }, { what: 'ready, without an error', test: isReady, signal });
    },
    remove: (resource, object) => kube.delete(resource, targetOf(resource, object)),
    gone: (resource, object) => kube.untilGone(resource, targetOf(resource, object), { signal }),
    warned: async ({ kind, name: about }, message) => {
      let seen: readonly string[] = [];
      const find = async (): Promise<CoreEvent | undefined> => {
        const events = (await kube.list(EVENTS)).filter(
          ({ involvedObject }) => involvedObject?.kind === kind && involvedObject.name === about,
        );
        seen = events.map(({ type, reason, message: text }) => `${type} ${reason}: ${text}`);
        return events.find((event) => event.type === 'Warning' && message.test(event.message ?? ''));
      };
      try {
        return await eventually(`a Warning about ${kind} ${about}`, find, { signal, timeoutMs: 60_000 });
      } catch (error) {
        throw new Error(`no Warning ${message} about ${kind} ${about} but:\n${seen.join('\n')}`, { cause: error });
      }
    },
    failed: (snapshot, message) => {
      const isFailed = ({ status }: VolumeSnapshot): boolean => message.test(status?.error?.message ?? '');
      return kube.until(VOLUME_SNAPSHOTS, { name: snapshot, namespace }, { what: `failed with ${message}`, test: isFailed, signal });
    },
    untilHolds: async (volumes, snapshots) => {
      let held: object = {};
      const wanted = JSON.stringify({ volumes, contents: snapshots, snapshots, records: 0, driver: { volumes, snapshots } });
      const look = async (): Promise<true | undefined> => {
        held = {
          volumes: (await kube.list(PERSISTENT_VOLUMES)).length,
          contents: (await kube.list(VOLUME_SNAPSHOT_CONTENTS)).length,
          snapshots: (await kube.list(VOLUME_SNAPSHOTS)).length,
          records: openEntries(await kube.list(LEASES)).length,
          driver: await readLedger(world),
        };
        return JSON.stringify(held) === wanted ? true : undefined;
      };
      try {
        await eventually('nothing too much and nothing too little', look, { signal, timeoutMs: 60_000 });
      } catch (error) {
        throw new Error(`wanted ${wanted}, found ${JSON.stringify(held)}`, { cause: error });
      }
      const ended = sidecars.filter((sidecar) => !sidecar.running()).map((sidecar) => sidecar.name);
      if (ended.length > 0) throw new Error(`ended: ${ended.join(', ')}`);
    },
    close: () => world.close(),
  };
}

function targetOf(resource: Resource<KubeObject>, name: string): { name: string; namespace?: string } {
  return resource.namespaced ? { name, namespace } : { name };
}
