/**
 * Random worlds on one control plane, some at a time: the objects of one are made for both sides, then both provisioners are started,
 * each with a driver of its own, and what they send and write is compared once it has come to rest.
 */
import type { KubeObject, PersistentVolumeClaim } from '../../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS } from '../../../lib/kube/resources.ts';
import type { Program } from '../../../harness/stage.ts';
import { eventually } from '../../../harness/wait.ts';
import type { ControlPlane } from '../../../harness/real/control-plane.ts';
import { NAMESPACES } from '../main-job.ts';
import { type Side, startProgram, userOf } from '../programs.ts';
import { differences } from './intended.ts';
import { type ClaimOutcome, type Listed, listWorld, outcomeOf, type SideOutcome } from './outcome.ts';
import { type RecordingDrivers, startRecordingDrivers } from './drivers.ts';
import { BETA_PROVISIONER, type MadeObject, objectOf, ofSide, PROVISIONER, SELECTED_NODE, SIDE, SIDES, UID } from './parts.ts';
import type { Peer } from './peers.ts';
import { abroadOf, classOf, drawWorld, namespaceOf, type World } from './world.ts';

/** Worlds with processes at a time. */
const AT_ONCE = 10;
/** How long two outcomes may differ before they are said to: a refused attempt is repeated within it, be the machine slow. */
const REST_MS = 300_000;
const LOOK_EVERY_MS = 400;
/** So many worlds that differ say what is to be said: no more are begun. */
const ENOUGH_DIFFERENT = 6;
/** A claim that nobody makes a volume for, and of which both programs say so: who has told it has looked at those before it. */
const LAST_CLAIM = 'the-last';

export interface WorldsResult {
  readonly worlds: number;
  readonly claims: number;
  /** Claims for which CreateVolume was called, those that have a PV, those that were refused without a call, and those left alone. */
  readonly called: number;
  readonly made: number;
  readonly refused: number;
  readonly leftAlone: number;
  /** How often each intended difference was met, by what it is about. */
  readonly intended: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
}

export interface WorldsOptions {
  readonly peer: Peer;
  readonly log: (line: string) => void;
}

/** The plane serves ReferenceGrants and sources in other namespaces, `onPlaneOfWorlds`. */
export async function runWorlds(plane: ControlPlane, seeds: readonly number[], { peer, log }: WorldsOptions): Promise<WorldsResult> {
  const worlds = seeds.map(drawWorld);
  const drivers = await startRecordingDrivers(
    plane.stage,
    worlds.flatMap(({ driver, plugin, controller }) => SIDES.map((side) => ({ name: ofSide(driver, side), plugin, controller }))),
  );
  const scene = { plane, drivers, peer };
  let result = EMPTY;
  let different = 0;
  const left = worlds.values();
  const next = async (): Promise<void> => {
    for (const world of left) {
      if (different >= ENOUGH_DIFFERENT) return;
      const compared = await runWorld(scene, world);
      if (compared.faults.length > 0) different += 1;
      for (const fault of compared.faults) log(fault);
      result = sum(result, compared);
      if (result.worlds % 10 === 0) log(figuresLine(result));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  await drivers.program.kill();
  return result;
}

function figuresLine({ worlds, claims, called, faults }: WorldsResult): string {
  return `${worlds} worlds, ${claims} claims, ${called} called for, ${faults.length} differ`;
}

interface Scene {
  readonly plane: ControlPlane;
  readonly drivers: RecordingDrivers;
  readonly peer: Peer;
}

async function runWorld(scene: Scene, world: World): Promise<WorldsResult> {
  const { plane } = scene;
  await makeObjects(plane, world);
  const programs = await Promise.all(SIDES.map((side) => startSide(scene, world, side)));
  await Promise.all(SIDES.map((side) => makeLastClaim(plane, world, side)));
  let compared = EMPTY;
  await eventually(
    `both sides of world ${world.seed} to be alike`,
    async () => {
      compared = await compare(scene, world);
      return compared.faults.length === 0 ? true : undefined;
    },
    { timeoutMs: REST_MS, everyMs: LOOK_EVERY_MS, signal: plane.stage.broken },
  ).catch((error: unknown) => {
    if (plane.stage.broken.aborted || compared.worlds === 0) throw error;
  });
  await Promise.all(programs.map((program) => program.kill()));
  return compared;
}

const EMPTY: WorldsResult = { worlds: 0, claims: 0, called: 0, made: 0, refused: 0, leftAlone: 0, intended: {}, faults: [] };

async function makeObjects({ kube }: ControlPlane, world: World): Promise<void> {
  const make = async ({ resource, object, status, refersTo }: MadeObject, side?: Side): Promise<void> => {
    let text = JSON.stringify({ object, status });
    if (refersTo !== undefined) {
      const { namespace, name } = refersTo;
      const referred = await kube.get(refersTo.resource, { namespace: side === undefined ? namespace : ofSide(namespace, side), name });
      text = text.replaceAll(UID, referred.metadata?.uid ?? '');
    }
    const sided = JSON.parse(side === undefined ? text : ofSide(text, side)) as { object: KubeObject; status?: object };
    const made = await kube.create(resource, sided.object);
    if (sided.status !== undefined) await kube.replaceStatus(resource, { ...made, status: sided.status } as KubeObject);
  };
  for (const each of world.nodes) await make(each);
  const makeSide = async (side: Side): Promise<void> => {
    for (const name of [namespaceOf(world, side), abroadOf(world, side)]) await kube.create(NAMESPACES, { metadata: { name } });
    for (const each of world.objects) await make(each, side);
    for (const object of world.claims) await make({ resource: PERSISTENT_VOLUME_CLAIMS, object }, side);
  };
  await Promise.all(SIDES.map(makeSide));
}

async function makeLastClaim({ kube }: ControlPlane, world: World, side: Side): Promise<void> {
  const claim: PersistentVolumeClaim = {
    metadata: {
      name: LAST_CLAIM,
      namespace: namespaceOf(world, side),
      annotations: { [PROVISIONER]: world.driver, [SELECTED_NODE]: 'somewhere' },
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: `${world.name}-c0-${SIDE}`,
      resources: { requests: { storage: '1Gi' } },
      dataSourceRef: { apiGroup: 'populators.example', kind: 'Bucket', name: 'b' },
    },
  };
  await kube.create(PERSISTENT_VOLUME_CLAIMS, objectOf(claim, side));
}

function startSide({ plane, drivers, peer }: Scene, world: World, side: Side): Promise<Program> {
  return startProgram(plane.stage, {
    role: 'csi-provisioner',
    side,
    goProgram: peer.program,
    kubeconfig: plane.kubeconfigOf(userOf('csi-provisioner', side).name),
    address: drivers.addressOf(ofSide(world.driver, side)),
    args: world.flags,
  });
}

/** Without faults once the world is at rest and both sides are alike. */
async function compare({ plane, drivers, peer }: Scene, world: World): Promise<WorldsResult> {
  const listed = await listWorld(plane.kube, world);
  const of = (side: Side): SideOutcome => outcomeOf(world, side, { listed, calls: drivers.callsOf(ofSide(world.driver, side)) });
  const [ours, go] = [of('ours'), of('go')];
  const unheard = world.claims.filter((claim) => !mayBeLeftAlone(world, claim) && isSilent(go.claims[claim.metadata?.name ?? '']));
  const atRest = unheard.length === 0 && SIDES.every((side) => hasTold(listed, namespaceOf(world, side)));
  const { faults: different, intended } = differences(world, { ours, go }, peer.intended);
  const faults = [...different, ...(atRest ? [] : [`world ${world.seed}: not all claims were looked at on both sides`])];
  const outcomes = Object.values(go.claims);
  const called = outcomes.filter(({ requests }) => requests.length > 0).length;
  const leftAlone = outcomes.filter(isSilent).length;
  return {
    worlds: 1,
    claims: world.claims.length,
    called,
    made: outcomes.filter(({ volume }) => volume !== undefined).length,
    refused: outcomes.length - called - leftAlone,
    leftAlone,
    intended,
    faults,
  };
}

function isSilent(outcome: ClaimOutcome | undefined): boolean {
  return outcome === undefined || (outcome.requests.length === 0 && outcome.told.length === 0);
}

/** Nobody says a word of a claim that is another provisioner's, waits for its Pod, or names a class that is not there. */
function mayBeLeftAlone(world: World, claim: PersistentVolumeClaim): boolean {
  const annotations = claim.metadata?.annotations ?? {};
  if (![annotations[PROVISIONER], annotations[BETA_PROVISIONER]].includes(world.driver)) return true;
  const storageClass = classOf(world, claim);
  const late = storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
  return storageClass === undefined || (late && annotations[SELECTED_NODE] === undefined);
}

function hasTold({ events }: Listed, namespace: string): boolean {
  return events.some(({ involvedObject }) => involvedObject?.namespace === namespace && involvedObject.name === LAST_CLAIM);
}

function sum(a: WorldsResult, b: WorldsResult): WorldsResult {
  const intended: Record<string, number> = { ...a.intended };
  for (const [about, count] of Object.entries(b.intended)) intended[about] = (intended[about] ?? 0) + count;
  return {
    worlds: a.worlds + b.worlds,
    claims: a.claims + b.claims,
    called: a.called + b.called,
    made: a.made + b.made,
    refused: a.refused + b.refused,
    leftAlone: a.leftAlone + b.leftAlone,
    intended,
    faults: [...a.faults, ...b.faults],
  };
}
