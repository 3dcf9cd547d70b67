/**
 * The main job and a group with trouble on the way, for what the programs tell meanwhile: each of the driver's six calls that
 * make or delete something fails until its user has been told so. One side plays at a time.
 */
import type { CoreEvent } from '../../lib/kube/objects.ts';
import { EVENTS } from '../../lib/kube/resources.ts';
import type { DriverControl } from '../../harness/driver-control.ts';
import { type Family, familiesIn } from '../../harness/exposition.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { freePort } from '../../harness/free-port.ts';
import type { MockDriver } from '../../harness/mock-driver.ts';
import { eventually } from '../../harness/wait.ts';
import { askForGroup, deleteClaimsOf, deleteGroup, openGroupClass, provisionGroup, untilGroupReady } from './group-job.ts';
import type { Scene } from './main-job.ts';
import {
  createClaim,
  createSnapshot,
  deleteClaim,
  deleteSnapshot,
  openScene,
  provision,
  untilBound,
  untilNothingLeft,
  untilReady,
} from './main-job.ts';
import type { Role, Side } from './programs.ts';
import { castOf, groupsOn, ownKubeconfigOf, ROLES, startCast, stopCast } from './programs.ts';

export interface Told {
  /** By role and name of the family. */
  readonly families: Readonly<Record<Role, Readonly<Record<string, Family>>>>;
  /** `component: type reason on kind`, sorted, each once. */
  readonly events: readonly string[];
}

const TOLD_IN_THE_END = [
  ...['Provisioning', 'ProvisioningSucceeded', 'CreatingSnapshot', 'SnapshotCreated', 'SnapshotReady'],
  ...['CreatingGroupSnapshot', 'GroupSnapshotCreated', 'GroupSnapshotReady'],
];

export interface JobOptions {
  readonly plane: ControlPlane;
  readonly driver: MockDriver;
  readonly control: DriverControl;
  readonly side: Side;
}

export async function tellingOf({ plane, driver, control, side }: JobOptions): Promise<Told> {
  const scene = await openScene({ plane, driver, name: side });
  const before = new Set((await plane.kube.list(EVENTS)).map(({ metadata }) => metadata?.uid));
  const told = async (): Promise<CoreEvent[]> => (await plane.kube.list(EVENTS)).filter(({ metadata }) => !before.has(metadata?.uid));
  const addresses = Object.fromEntries(await Promise.all(ROLES.map(async (role) => [role, `127.0.0.1:${await freePort()}`])));
  const programs = await startCast(plane.stage, {
    cast: castOf(side),
    address: driver.address,
    kubeconfigOf: ownKubeconfigOf(plane),
    argsOf: (role) => [`--http-endpoint=${addresses[role]}`, '--leader-election', `--leader-election-namespace=${side}`, ...groupsOn(role)],
  });
  await runTroubledJob(scene, { control, told });
  // What nobody waited for meanwhile.
  for (const reason of TOLD_IN_THE_END) await until(scene, reason, told);
  const pages = await Promise.all(ROLES.map(async (role) => [role, familiesIn(await scrape(`http://${addresses[role]}/metrics`))]));
  await stopCast(programs);
  return { families: Object.fromEntries(pages) as Told['families'], events: linesOf(await told()) };
}

interface Trouble {
  readonly control: DriverControl;
  readonly told: () => Promise<CoreEvent[]>;
}

async function runTroubledJob(scene: Scene, trouble: Trouble): Promise<void> {
  await refused(scene, { ...trouble, rpc: 'CreateVolume', reason: 'ProvisioningFailed' }, () => createClaim(scene, 'source'));
  await untilBound(scene, 'source');
  await refused(scene, { ...trouble, rpc: 'CreateSnapshot', reason: 'SnapshotCreationFailed' }, () =>
    createSnapshot(scene, 'snapshot', 'source'),
  );
  await untilReady(scene, 'snapshot');
  await provision(scene, 'restored', { fromSnapshot: 'snapshot' });
  await refused(scene, { ...trouble, rpc: 'DeleteVolume', reason: 'VolumeFailedDelete' }, () => deleteClaim(scene, 'restored'));
  await refused(scene, { ...trouble, rpc: 'DeleteSnapshot', reason: 'SnapshotDeleteError' }, () => deleteSnapshot(scene, 'snapshot'));
  await deleteClaim(scene, 'source');
  await openGroupClass(scene);
  const group = await provisionGroup(scene, { name: 'all', claims: ['a', 'b'] });
  await refused(scene, { ...trouble, rpc: 'CreateVolumeGroupSnapshot', reason: 'GroupSnapshotCreationFailed' }, () => askForGroup(group));
  await untilGroupReady(group);
  await refused(scene, { ...trouble, rpc: 'DeleteVolumeGroupSnapshot', reason: 'GroupSnapshotDeleteError' }, () => deleteGroup(group));
  await deleteClaimsOf(group);
  await untilNothingLeft(scene);
}

/** The driver refuses `rpc` until an event of this reason is there; the deed may take until it is healed. */
async function refused(
  scene: Scene,
  { control, told, rpc, reason }: Trouble & { readonly rpc: string; readonly reason: string },
  deed: () => Promise<void>,
): Promise<void> {
  await control.bend([{ rpc, code: 'INTERNAL', message: 'no luck today' }]);
  await Promise.all([deed(), until(scene, reason, told).then(() => control.heal())]);
}

function until(scene: Scene, reason: string, told: () => Promise<CoreEvent[]>): Promise<true> {
  return eventually(`event ${reason}`, async () => ((await told()).some((event) => event.reason === reason) ? true : undefined), {
    signal: scene.plane.stage.broken,
    timeoutMs: 60_000,
  });
}

async function scrape(url: string): Promise<string> {
  return (await fetch(url)).text();
}

/** Of other programs, which tell the same whichever side plays. */
const BYSTANDERS = ['persistentvolume-controller'];

/** The Go programs tell users of writes that lost a race and are repeated; ours repeat them in silence. */
const LOST_RACE = 'the object has been modified';

function linesOf(events: readonly CoreEvent[]): readonly string[] {
  const lines = events
    .filter(({ source, message }) => !BYSTANDERS.includes(source?.component ?? '') && message?.includes(LOST_RACE) !== true)
    .map(({ source, type, reason, involvedObject }) => `${componentOf(source)}: ${type} ${reason} on ${involvedObject?.kind}`);
  return [...new Set(lines)].toSorted();
}

/** Without what each process draws anew: the uid in csi-provisioner's name. */
function componentOf(source: CoreEvent['source']): string {
  return (source?.component ?? '').replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/, '<uid>');
}
