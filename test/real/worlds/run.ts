/**
 * Random worlds on one control plane, many at once: the objects are made for both sides, then both provisioners are started,
 * each with a driver of its own, and what they send and write is compared once it has come to rest.
 */
import type { KubeObject, PersistentVolumeClaim, StorageClass } from '../../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS } from '../../../lib/kube/resources.ts';
import type { Program } from '../../../harness/stage.ts';
import { eventually } from '../../../harness/wait.ts';
import type { ControlPlane } from '../../../harness/real/control-plane.ts';
import { NAMESPACES } from '../main-job.ts';
import { type Side, startProgram, userOf } from '../programs.ts';
import { differences } from './intended.ts';
import { type ClaimOutcome, listAll, outcomeOf, type SideOutcome } from './outcome.ts';
import { type RecordingDrivers, startRecordingDrivers } from './drivers.ts';
import {
  BETA_PROVISIONER,
  drawWorld,
  type MadeObject,
  namespaceOf,
  objectOf,
  ofSide,
  PROVISIONER,
  SELECTED_NODE,
  SIDE,
  UID,
  type World,
} from './world.ts';

const SIDES: readonly Side[] = ['ours', 'go'];
/** Worlds with processes at a time. */
const AT_ONCE = 6;
/** How long two outcomes may differ before they are said to: a refused attempt is repeated within it. */
const REST_MS = 120_000;
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

export async function runWorlds(plane: ControlPlane, seeds: readonly number[], log: (line: string) => void): Promise<WorldsResult> {
  let result = EMPTY;
  for (let from = 0; from < seeds.length; from += AT_ONCE) {
    const worlds = seeds.slice(from, from + AT_ONCE).map(drawWorld);
    const batch = await runBatch(plane, worlds);
    result = sum(result, batch);
    for (const fault of batch.faults) log(fault);
    log(`${result.worlds} worlds, ${result.claims} claims, ${result.called} called for, ${result.faults.length} differ`);
  }
  return result;
}

interface Batch {
  readonly plane: ControlPlane;
  readonly worlds: readonly World[];
  readonly drivers: RecordingDrivers;
}

async function runBatch(plane: ControlPlane, worlds: readonly World[]): Promise<WorldsResult> {
  await Promise.all(worlds.map((world) => makeObjects(plane, world)));
  const drivers = await startRecordingDrivers(
    plane.stage,
    worlds.flatMap(({ driver, plugin, controller }) => SIDES.map((side) => ({ name: ofSide(driver, side), plugin, controller }))),
  );
  const batch = { plane, worlds, drivers };
  const programs = await Promise.all(worlds.flatMap((world) => SIDES.map((side) => startSide(batch, world, side))));
  await Promise.all(worlds.flatMap((world) => SIDES.map((side) => makeLastClaim(plane, world, side))));
  let compared: readonly WorldsResult[] = [];
  await eventually(
    'both sides to be alike',
    async () => {
      compared = await compare(batch);
      return compared.every(({ faults }) => faults.length === 0) ? true : undefined;
    },
    { timeoutMs: REST_MS, everyMs: 400, signal: plane.stage.broken },
  ).catch((error: unknown) => {
    if (plane.stage.broken.aborted) throw error;
  });
  await Promise.all(programs.map((program) => program.kill()));
  await drivers.program.kill();
  return compared.reduce(sum, EMPTY);
}

const EMPTY: WorldsResult = { worlds: 0, claims: 0, called: 0, made: 0, refused: 0, leftAlone: 0, intended: {}, faults: [] };

async function makeObjects({ kube }: ControlPlane, world: World): Promise<void> {
  const make = async ({ resource, object, status, refersTo }: MadeObject, side?: Side): Promise<void> => {
    let text = JSON.stringify({ object, status });
    if (refersTo !== undefined) {
      const namespace = namespaceOf(world, side ?? 'ours');
      const referred = await kube.get(refersTo.resource, { namespace, name: refersTo.name });
      text = text.replaceAll(UID, referred.metadata?.uid ?? '');
    }
    const sided = JSON.parse(side === undefined ? text : ofSide(text, side)) as { object: KubeObject; status?: object };
    const made = await kube.create(resource, sided.object);
    if (sided.status !== undefined) await kube.replaceStatus(resource, { ...made, status: sided.status } as KubeObject);
  };
  for (const each of world.nodes) await make(each);
  for (const side of SIDES) {
    await kube.create(NAMESPACES, { metadata: { name: namespaceOf(world, side) } });
    for (const each of world.objects) await make(each, side);
    for (const object of world.claims) await make({ resource: PERSISTENT_VOLUME_CLAIMS, object }, side);
  }
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

function startSide({ plane, drivers }: Batch, world: World, side: Side): Promise<Program> {
  return startProgram(plane.stage, {
    role: 'csi-provisioner',
    side,
    kubeconfig: plane.kubeconfigOf(userOf('csi-provisioner', side).name),
    address: drivers.addressOf(ofSide(world.driver, side)),
    args: world.flags,
  });
}

/** A world each: without faults once it is at rest and both sides are alike. */
async function compare({ plane, worlds, drivers }: Batch): Promise<readonly WorldsResult[]> {
  const listed = await listAll(plane.kube);
  return worlds.map((world) => {
    const of = (side: Side): SideOutcome => outcomeOf(world, side, { listed, calls: drivers.callsOf(ofSide(world.driver, side)) });
    const [ours, go] = [of('ours'), of('go')];
    const unheard = world.claims.filter((claim) => !mayBeLeftAlone(world, claim) && isSilent(go.claims[claim.metadata?.name ?? '']));
    const atRest = unheard.length === 0 && SIDES.every((side) => hasTold(listed, namespaceOf(world, side)));
    const { faults: different, intended } = differences(world, ours, go);
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
  });
}

function isSilent(outcome: ClaimOutcome | undefined): boolean {
  return outcome === undefined || (outcome.requests.length === 0 && outcome.told.length === 0);
}

/** Nobody says a word of a claim that is another provisioner's, waits for its Pod, or names a class that is not there. */
function mayBeLeftAlone({ objects, driver }: World, { metadata, spec }: PersistentVolumeClaim): boolean {
  const annotations = metadata?.annotations ?? {};
  if (![annotations[PROVISIONER], annotations[BETA_PROVISIONER]].includes(driver)) return true;
  const made = objects.find(({ resource, object }) => resource.kind === 'StorageClass' && object.metadata?.name === spec?.storageClassName);
  const storageClass: StorageClass | undefined = made?.object;
  const late = storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
  return storageClass === undefined || (late && annotations[SELECTED_NODE] === undefined);
}

function hasTold({ events }: Awaited<ReturnType<typeof listAll>>, namespace: string): boolean {
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
