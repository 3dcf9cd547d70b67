/**
 * Programs that are swapped in the middle of their work: the Go programs' for ours, and ours for the Go programs', by SIGTERM
 * or SIGKILL, at a point that is so many of their writes into a phase. A snapshot, a group of two and a restored claim are
 * made in the first phase and deleted in the second, one swap in each.
 */
import type { KubeObject, Resource, VolumeSnapshot } from '../../lib/kube/objects.ts';
import {
  LEASES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  VOLUME_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOTS,
} from '../../lib/kube/resources.ts';
import { SNAPSHOT_FINALIZER } from '../../provisioner/facts/names.ts';
import { openEntries } from '../../harness/journal-entries.ts';
import { nameOf } from '../../harness/kube.ts';
import type { MockDriver } from '../../harness/mock-driver.ts';
import type { AuditCall } from '../../harness/real/audit.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import type { Program } from '../../harness/stage.ts';
import { eventually } from '../../harness/wait.ts';
import { SeededRandom } from '../simulation/seeded-random.ts';
import type { Group } from './group-job.ts';
import { askForGroup, GROUPS, openGroupClass, provisionGroup, untilGoKnowsContents, untilGroupReady } from './group-job.ts';
import type { Scene } from './main-job.ts';
import { createClaim, createSnapshot, guard, openScene, untilBound, untilReady } from './main-job.ts';
import { contentsOf, shapeOf } from './pairs-job.ts';
import type { Cast, Role, Side } from './programs.ts';
import { castOf, groupsOn, PROGRAM_USERS, ROLES, startProgram, userOf } from './programs.ts';

/** Where and how programs are swapped. */
export interface Point {
  /** Writes of any of the programs since the phase began, events and leases left out. */
  readonly writes: number;
  readonly roles: readonly Role[];
  readonly signal: 'SIGTERM' | 'SIGKILL';
}

export interface Journey {
  readonly first: Side;
  readonly making: Point;
  readonly deleting: Point;
}

export interface JourneyResult {
  /** Of the two points, those that were reached before the phase had ended. */
  readonly midFlight: number;
  /** Contents of groups that a Go snapshot-controller, started while their group was deleted, lost: an administrator deleted them. */
  readonly lostByGo: number;
}

/** About as many as a phase has. */
const WRITES_OF_MAKING = 40;
const WRITES_OF_DELETING = 24;
const SNAPSHOT_ROLES: readonly Role[] = ['snapshot-controller', 'csi-snapshotter'];
const SETS_OF_ROLES: readonly (readonly Role[])[] = [
  ROLES,
  SNAPSHOT_ROLES,
  ['snapshot-controller'],
  ['csi-snapshotter'],
  ['csi-provisioner'],
];

/** The same for the same seed. */
export function drawJourney(seed: number): Journey {
  const random = new SeededRandom(seed);
  const point = (writes: number): Point => ({
    writes: random.below(writes),
    roles: random.pick(SETS_OF_ROLES),
    signal: random.pick(['SIGTERM', 'SIGKILL']),
  });
  return { first: seed % 2 === 0 ? 'ours' : 'go', making: point(WRITES_OF_MAKING), deleting: point(WRITES_OF_DELETING) };
}

export interface HandOverWorld {
  readonly plane: ControlPlane;
  readonly driver: MockDriver;
  readonly group: Group;
  /** What a journey without a swap made. */
  readonly expected: unknown;
}

/** Claims are made once, for all journeys. */
export async function openHandOvers(plane: ControlPlane, driver: MockDriver): Promise<HandOverWorld> {
  const crew = createCrew({ plane, driver }, 'ours');
  await crew.start();
  const scene = await openScene({ plane, driver, name: 'hand-over' });
  await openGroupClass(scene);
  const group = await provisionGroup(scene, { name: 'all', claims: ['a', 'b'] });
  await ask(group);
  const expected = await made(group);
  await askForDeletion(group);
  await untilErased(group, crew, () => Promise.resolve(0));
  await crew.stop();
  return { plane, driver, group, expected };
}

export async function runJourney({ plane, driver, group, expected }: HandOverWorld, journey: Journey): Promise<JourneyResult> {
  const crew = createCrew({ plane, driver }, journey.first);
  await crew.start();
  try {
    const making = await crew.swappingAt(journey.making, async () => {
      await ask(group);
      await made(group);
    });
    let found: unknown;
    const isAsExpected = async (): Promise<true | undefined> => {
      found = await made(group);
      return JSON.stringify(found) === JSON.stringify(expected) ? true : undefined;
    };
    await eventually('what was made to be as without a swap', isAsExpected, guard(group.scene)).catch((error: unknown) => {
      throw new Error(`made ${JSON.stringify(found)} in the place of ${JSON.stringify(expected)}`, { cause: error });
    });
    if (crew.cast()['snapshot-controller'] === 'go') await untilGoKnowsContents(group, crew.programs());
    const from = plane.auditSize();
    let lostByGo = 0;
    const deleting = await crew.swappingAt(journey.deleting, async () => {
      await askForDeletion(group);
      lostByGo = await untilErased(group, crew, () => deleteContentsLostByGo(group, plane.audit(from)));
    });
    return { midFlight: [making, deleting].filter(Boolean).length, lostByGo };
  } finally {
    await crew.stop();
    await clearJournal(group.scene);
  }
}

/** What ours could not close, being killed, the Go program does not know of: the next journey begins without it. */
async function clearJournal({ kube }: Scene): Promise<void> {
  const journals = (await kube.list(LEASES)).filter((lease) => openEntries([lease]).length > 0);
  for (const journal of journals) await kube.delete(LEASES, nameOf(journal));
}

async function ask(group: Group): Promise<void> {
  await createSnapshot(group.scene, 'single', 'a');
  await askForGroup(group);
  await createClaim(group.scene, 'restored', { fromSnapshot: 'single' });
}

/** Shapes of the snapshot and of the members, once all is ready. */
async function made(group: Group): Promise<readonly object[]> {
  const { scene } = group;
  await untilReady(scene, 'single');
  const members = await untilGroupReady(group);
  await untilBound(scene, 'restored');
  const isReleased = ({ metadata }: VolumeSnapshot): boolean => metadata?.finalizers?.includes(SNAPSHOT_FINALIZER) !== true;
  const target = { namespace: scene.namespace, name: 'single' };
  const snapshot = await scene.kube.until(VOLUME_SNAPSHOTS, target, { what: 'used no more', test: isReleased, ...guard(group.scene) });
  const snapshots = [snapshot, ...members];
  const contents = await contentsOf(scene, snapshots);
  return snapshots.map((one, index) => shapeOf(one, contents[index]));
}

async function askForDeletion({ scene: { kube, namespace }, name }: Group): Promise<void> {
  await kube.delete(GROUPS.snapshots, { namespace, name });
  await kube.delete(VOLUME_SNAPSHOTS, { namespace, name: 'single' });
  await kube.delete(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'restored' });
}

/** Until nothing is left but the claims of the group and their volumes. Resolves to how many contents `mendByHand` said it deleted. */
async function untilErased({ scene, claims }: Group, crew: Crew, mendByHand: () => Promise<number>): Promise<number> {
  let mended = 0;
  let left: readonly string[] = [];
  const isEmpty = async (): Promise<true | undefined> => {
    mended += await mendByHand();
    left = [...(await leftBeside(scene, claims.length)), ...(crew.hasJournal() ? await openInJournal(scene) : [])];
    return left.length === 0 ? true : undefined;
  };
  await eventually('nothing left', isEmpty, guard(scene)).catch((error: unknown) => {
    throw new Error(`left behind: ${left.join(', ')}`, { cause: error });
  });
  return mended;
}

/**
 * The defect that `untilGoKnowsContents` speaks of: a group that the Go snapshot-controller let go, as the audit log has it, while
 * nobody had deleted its content. Resolves to the number of such contents.
 */
async function deleteContentsLostByGo({ scene: { kube, namespace }, name }: Group, calls: readonly AuditCall[]): Promise<number> {
  const [lastWrite] = calls
    .filter((call) => call.resource === GROUPS.snapshots.plural && call.name === name && call.code < 300 && !isReading(call.verb))
    .slice(-1);
  if (lastWrite?.user !== userOf('snapshot-controller', 'go').name) return 0;
  if ((await kube.list(GROUPS.snapshots, namespace)).length > 0) return 0;
  const lost = (await kube.list(GROUPS.contents)).filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
  for (const content of lost) await kube.delete(GROUPS.contents, nameOf(content));
  return lost.length;
}

async function leftBeside({ kube, driver }: Scene, claims: number): Promise<readonly string[]> {
  const beyond = async (resource: Resource<KubeObject>, allowed: number): Promise<string[]> => {
    const found = await kube.list(resource);
    return found.length === allowed ? [] : [`${found.length - allowed} ${resource.plural}`];
  };
  const { volumes, snapshots, groups } = await driver.ledger();
  return [
    ...(await beyond(GROUPS.snapshots, 0)),
    ...(await beyond(GROUPS.contents, 0)),
    ...(await beyond(VOLUME_SNAPSHOTS, 0)),
    ...(await beyond(VOLUME_SNAPSHOT_CONTENTS, 0)),
    ...(await beyond(PERSISTENT_VOLUME_CLAIMS, claims)),
    ...(await beyond(PERSISTENT_VOLUMES, claims)),
    ...(volumes.length === claims ? [] : [`${volumes.length - claims} volumes in the driver`]),
    ...snapshots.map(({ id }) => `snapshot ${id} in the driver`),
    ...groups.map(({ id }) => `group ${id} in the driver`),
  ];
}

async function openInJournal({ kube }: Scene): Promise<readonly string[]> {
  return openEntries(await kube.list(LEASES)).map((uid) => `an entry of claim uid ${uid}`);
}

interface Crew {
  cast(): Cast;
  programs(): readonly Program[];
  /**
   * Ours makes the volumes, and closes what it opened in its journal: its first csi-provisioner, or one after the Go program.
   * One that comes back after the Go program finds what its forerunner left, and keeps that for ten minutes where the source is gone.
   */
  hasJournal(): boolean;
  start(): Promise<void>;
  /** Does `deed`, and swaps programs on the way. True if the point came before the deed was done. */
  swappingAt(point: Point, deed: () => Promise<void>): Promise<boolean>;
  stop(): Promise<void>;
}

const other = (side: Side): Side => (side === 'ours' ? 'go' : 'ours');

function createCrew({ plane, driver }: Pick<HandOverWorld, 'plane' | 'driver'>, side: Side): Crew {
  let cast: Cast = castOf(side);
  const programs = new Map<Role, Program>();
  let provisionersOfOurs = 0;
  const users = new Set(PROGRAM_USERS.map(({ name }) => name));
  const start = async (role: Role): Promise<void> => {
    const kubeconfig = plane.kubeconfigOf(userOf(role, cast[role]).name);
    // What a controller has come by is in its log.
    const args = [...groupsOn(role), '--v=5'];
    if (role === 'csi-provisioner' && cast[role] === 'ours') provisionersOfOurs += 1;
    programs.set(role, await startProgram(plane.stage, { role, side: cast[role], address: driver.address, kubeconfig, args }));
  };
  const writesSince = (bytes: number): number =>
    plane.audit(bytes).filter(({ user, verb, resource, code }) => users.has(user) && code < 300 && !isReading(verb) && !isAccount(resource))
      .length;
  return {
    cast: () => cast,
    programs: () => [...programs.values()],
    hasJournal: () => cast['csi-provisioner'] === 'ours' && provisionersOfOurs === 1,
    start: async () => {
      for (const role of ROLES) await start(role);
    },
    swappingAt: async ({ writes, roles, signal }, deed) => {
      const from = plane.auditSize();
      let isDone = false;
      const doing = deed().finally(() => {
        isDone = true;
      });
      // Its failure is told below.
      doing.catch(() => undefined);
      await eventually('the point', () => (isDone || writesSince(from) >= writes ? true : undefined), {
        ...guard({ plane }),
        everyMs: 2,
      });
      const isMidFlight = !isDone;
      for (const role of roles) {
        const program = programs.get(role);
        await (signal === 'SIGKILL' ? program?.kill() : program?.stop());
        cast = { ...cast, [role]: other(cast[role]) };
        await start(role);
      }
      await doing;
      return isMidFlight;
    },
    stop: async () => {
      await Promise.all([...programs.values()].map((program) => program.kill()));
    },
  };
}

function isReading(verb: string): boolean {
  return ['get', 'list', 'watch'].includes(verb);
}

function isAccount(resource: string): boolean {
  return resource === 'leases' || resource === 'events';
}
