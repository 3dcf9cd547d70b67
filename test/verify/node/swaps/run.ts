/**
 * Swaps on a node: the driver's Pod and the snapshot-controller begin as the Go programs, images of one, two or all three are set
 * to ours and back while objects live, are being made and go, and after each swap everything has to become as it was asked for.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { errorText } from '../../../../lib/errors/error-text.ts';
import { PERSISTENT_VOLUME_CLAIMS, VOLUME_SNAPSHOT_CONTENTS } from '../../../../lib/kube/resources.ts';
import { DRIVER, DRIVER_NAMESPACE, type DriverSettings } from '../../../../harness/node/driver-pod.ts';
import { builtProgram } from '../../../../harness/mock-driver.ts';
import { eventually } from '../../../../harness/wait.ts';
import { BEING_CREATED } from '../../../../snapshotter/names.ts';
import { haveGoLookAgain } from '../../../real/pairs-job.ts';
import { type Cast, ROLES } from '../../../real/programs.ts';
import type { Deployed } from '../deployed.ts';
import { CLASSES, household, type Household } from '../household.ts';
import { ask, GROUP_LABEL, letGo, PACES, prefixOf, recant, SWAP_CLASSES, takeUp } from './generation.ts';
import { awaitMoment } from './moments.ts';
import { planOf, type Sequence, type SwitchPoint } from './plan.ts';
import { USUAL } from './releases.ts';
import { notYet } from './settled.ts';
import { openNodeControl, swapImages } from './swap.ts';
import { readTrail } from './trail.ts';
import { wakeForSources } from './wake.ts';

const NAMESPACE = 'swaps';
/** A hang guard. */
const SETTLED_MS = 150_000;

/** The usual driver; a lease that a Go program leaves behind is soon free, and it may make more than five calls a second. */
export const SWAP_SETTINGS: DriverSettings = {
  driverArgs: USUAL.args,
  sidecarArgs: [
    ...['--leader-election-lease-duration=6s', '--leader-election-renew-deadline=4s', '--leader-election-retry-period=1s'],
    ...['--kube-api-qps=100', '--kube-api-burst=200'],
  ],
};

export interface SwapResult {
  readonly number: number;
  readonly swapped: readonly string[];
  /** Who plays snapshot-controller, csi-snapshotter and csi-provisioner from then on. */
  readonly cast: string;
  readonly moment: string;
  /** False: it had passed by. */
  readonly seen: boolean;
  /** From the asking to the swap. */
  readonly untilSwapSeconds: number;
  readonly driver: string;
  /** From the swap until everything was as asked. */
  readonly settledSeconds: number;
  /** Undefined: all was well. */
  readonly problem?: string;
}

export interface SequenceResult {
  readonly points: readonly SwapResult[];
  /** What is wrong in the end, as lines. */
  readonly left: readonly string[];
  /** What ours had written and the Go programs ignored, before it was released: how many of each. */
  readonly trail: Readonly<Record<string, number>>;
}

/** Hangs on a failure no longer than for the point that failed. */
export async function runSwaps(node: Deployed, sequence: Sequence, say: (line: string) => void): Promise<SequenceResult> {
  await node.apply([...CLASSES, ...SWAP_CLASSES]);
  const home = household(node, NAMESPACE);
  await home.begin();
  for (const name of ['data', 'raw'])
    await node.plane.kube.mergePatch(
      PERSISTENT_VOLUME_CLAIMS,
      { namespace: NAMESPACE, name },
      { metadata: { labels: { [GROUP_LABEL]: 'true' } } },
    );
  const points: SwapResult[] = [];
  const trail: Record<string, number> = {};
  const left: string[] = [];
  const plan = planOf(sequence);
  for (const point of plan) {
    const result = await playPoint(node, home, point);
    points.push(result);
    say(lineOf(sequence, result));
    if (result.problem !== undefined) return { points, left: [...left, result.problem], trail };
    if (point.release) left.push(...(await release(node, trail)));
  }
  left.push(...(await release(node, trail)));
  // All goes by the Go programs, and they need nothing of what was released.
  await endAll(node, home, plan.at(-1)).catch((error: unknown) => left.push(errorText(error)));
  left.push(...(await readTrail(node.plane.kube)).harmless);
  for (const line of left) say(`${sequence.name}: left: ${line}`);
  return { points, left, trail };
}

/** What was kept is taken up by a VolumeSnapshot once more, so that it goes with the others. */
async function endAll(node: Deployed, home: Household, last: SwitchPoint | undefined): Promise<void> {
  if (last === undefined) return;
  const place = { kube: node.plane.kube, namespace: NAMESPACE };
  const end = { ...last, number: last.number + 1 };
  await letGo(place, end);
  await settled(node, end);
  await takeUp(place, end);
  await settled(node, end);
  await home.end();
}

async function playPoint(node: Deployed, home: Household, point: SwitchPoint): Promise<SwapResult> {
  const { plane } = node;
  const { kube } = plane;
  const place = { kube, namespace: NAMESPACE };
  const control = openNodeControl();
  const told = {
    number: point.number,
    swapped: point.swapped,
    cast: labelOf(point.to),
    moment: point.moment,
    driver: point.driver.name,
  };
  const asked = performance.now();
  let seen = false;
  let began = asked;
  const times = (): Pick<SwapResult, 'untilSwapSeconds' | 'settledSeconds'> => ({
    untilSwapSeconds: Math.round((began - asked) / 1000),
    settledSeconds: secondsSince(began),
  });
  try {
    await control.bend(PACES);
    await Promise.all([ask(place, point), letGo(place, point)]);
    await takeUp(place, point);
    seen = await awaitMoment(point.moment, { kube, control, namespace: NAMESPACE, prefix: prefixOf(point) });
    await pause(point.afterMs);
    await recant(place, point);
    began = performance.now();
    await swapImages(node, point);
    await eventually('the driver to be quick again', () => control.heal().then(() => true));
    if (point.to['csi-snapshotter'] === 'go' || point.from['csi-snapshotter'] === 'go')
      await haveGoLookAgain({ kube, plane }, { resource: VOLUME_SNAPSHOT_CONTENTS, mark: BEING_CREATED });
    await settled(node, point);
    if (point.driver.lacks.length === 0) await home.settled();
    return { ...told, seen, ...times() };
  } catch (error) {
    return { ...told, seen, ...times(), problem: errorText(error) };
  }
}

async function settled({ plane, ledger }: Deployed, { driver, to }: SwitchPoint): Promise<void> {
  let lines: readonly string[] = [];
  const look = async (): Promise<true | undefined> => {
    const found = await notYet({
      ...{ kube: plane.kube, namespace: NAMESPACE, ledger },
      mayWait: driver.lacks,
      journalMayWait: to['csi-provisioner'] === 'go',
    });
    lines = found.lines;
    if (to['snapshot-controller'] === 'go') await wakeForSources(plane.kube, NAMESPACE, found.protectedClaims);
    return lines.length === 0 ? true : undefined;
  };
  try {
    await eventually('everything to be as asked', look, { timeoutMs: SETTLED_MS, everyMs: 250 });
  } catch (error) {
    throw new Error(lines.join('; ') || errorText(error), { cause: error });
  }
}

/** What is wrong after `csi-sidecars release`, as lines; counts what it had to remove. */
async function release({ plane }: Deployed, trail: Record<string, number>): Promise<readonly string[]> {
  const before = await readTrail(plane.kube);
  for (const line of before.harmless) {
    const kind = line.replace(/^(\w+) [^:]*/, '$1');
    trail[kind] = (trail[kind] ?? 0) + 1;
  }
  const args = ['release', `--kubeconfig=${plane.kubeconfig}`, `--driver=${DRIVER}`, `--namespace=${DRIVER_NAMESPACE}`];
  const { code, stdout, stderr } = await plane.stage.run({
    name: 'release',
    file: process.execPath,
    args: [builtProgram('csi-sidecars'), ...args],
  });
  const after = await readTrail(plane.kube);
  return [
    ...(code === 0 ? [] : [`release ended with ${code}: ${stdout.trim()} ${stderr.trim()}`]),
    ...after.harmless.map((line) => `${line} (after release)`),
    ...after.matters,
  ];
}

const labelOf = (cast: Cast): string => ROLES.map((role) => cast[role]).join('-');
const secondsSince = (began: number): number => Math.round((performance.now() - began) / 1000);

function lineOf({ name }: Sequence, point: SwapResult): string {
  const { number, swapped, cast, moment, seen, untilSwapSeconds, driver, settledSeconds, problem } = point;
  const when = `after ${untilSwapSeconds} s, at "${moment}"${seen ? '' : ' (passed by)'}`;
  return `${name} ${number}: ${swapped.join(', ')} ${when}, driver ${driver}, now ${cast}: ${problem ?? `as asked after ${settledSeconds} s`}`;
}
