/** Claims that the driver refuses, and what mends them: how long their users wait, beside the Go programs. */
import type { CodeName } from '../../../mock-driver/model/status.ts';
import { retryInForceMs } from '../go-rules.ts';
import { Violation } from '../invariants.ts';
import { nodeOfClaim } from '../local-places.ts';
import {
  CLAIMS,
  claim,
  CSI_NODES_PATH,
  csiNode,
  node,
  NODES_PATH,
  pod,
  PODS,
  SECRETS,
  secret,
  storageClass,
  STORAGE_CLASSES_PATH,
  ZONE,
} from '../manifests.ts';
import { GIB } from '../rooms.ts';
import type { Scenario } from '../scenario.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { World } from '../world.ts';
import { answers, answersWith, mended, takesAtMost } from './as-go.ts';
import { bound, classes } from './main-job.ts';

const MINUTE_MS = 60_000;
const PROVISIONER = ['csi-provisioner', 'csi-sidecars'];
const FINAL: readonly CodeName[] = ['FAILED_PRECONDITION', 'INTERNAL', 'INVALID_ARGUMENT', 'OUT_OF_RANGE'];

/** Refuses the parameters of the first class with `final`, after as many undecided answers. */
function refusesOldParameters(world: World, { undecided, final }: { readonly undecided: number; readonly final: CodeName }): void {
  let left = undecided;
  world.driverScript = ({ rpc, subject }) => {
    if (rpc !== 'CreateVolume') return undefined;
    const asked = world.calls.of('CreateVolume', subject).at(-1)?.parameters['pool'];
    if (asked !== 'old') return undefined;
    left -= 1;
    return { code: left >= 0 ? 'UNAVAILABLE' : final, message: 'no such pool' };
  };
}

/** A class cannot be edited: it is deleted and made anew. */
async function replaceClass({ user }: World, parameters: Record<string, string>): Promise<void> {
  await user.remove(`${STORAGE_CLASSES_PATH}/fast`);
  await user.create(STORAGE_CLASSES_PATH, storageClass('fast', { parameters }));
}

async function crashProvisioner(world: World): Promise<void> {
  for (const name of PROVISIONER) world.crash(name);
  // Up again, and at work.
  await world.user.pause(3_000);
}

export const GO_MENDED_CLASS: Scenario = {
  name: 'go-mended-class',
  about: 'a class with a wrong parameter is replaced after undecided and final answers: the next attempt has the new parameters',
  story: async (world, random) => {
    refusesOldParameters(world, { undecided: 1, final: random.pick(FINAL) });
    await world.user.create(STORAGE_CLASSES_PATH, storageClass('fast', { parameters: { pool: 'old' } }));
    await world.user.create(CLAIMS(), claim('data'));
    await world.user.until(() => answers(world, 'CreateVolume').length >= 1 + random.below(3), MINUTE_MS);
    await world.user.pause(random.between(100, 20_000));
    const refusedMs = world.scheduler.elapsedMs - (answers(world, 'CreateVolume')[0]?.atMs ?? 0);
    await replaceClass(world, { pool: 'new' });
    await takesAtMost(world, { what: 'a claim after its class was mended', goMs: retryInForceMs(refusedMs) }, () => bound(world, 'data'));
    mended(world);
  },
};

export const GO_RESTART_OF_REFUSED: Scenario = {
  name: 'go-restart-of-refused',
  about:
    'the driver refused a claim finally, the provisioner is restarted, the class is replaced: the claim is served as without a restart',
  story: async (world, random) => {
    refusesOldParameters(world, { undecided: 0, final: random.pick(FINAL) });
    await world.user.create(STORAGE_CLASSES_PATH, storageClass('fast', { parameters: { pool: 'old' } }));
    await world.user.create(CLAIMS(), claim('data'));
    await world.user.until(() => answers(world, 'CreateVolume').length > 0, MINUTE_MS);
    await world.user.pause(random.between(100, 20_000));
    const from = world.scheduler.elapsedMs;
    await crashProvisioner(world);
    await world.user.pause(random.between(0, 10_000));
    const goMs = retryInForceMs(world.scheduler.elapsedMs - from);
    await replaceClass(world, { pool: 'new' });
    await takesAtMost(world, { what: 'a claim after a restart and a mended class', goMs }, () => bound(world, 'data'));
    mended(world);
  },
};

export const GO_SECRET_OVER_RESTART: Scenario = {
  name: 'go-secret-over-restart',
  about:
    'the secret of a class is missing over a restart, then the class names another: nothing was sent, so nothing of the old one is asked for',
  story: async (world, random) => {
    const naming = (name: string): Record<string, string> => ({
      'csi.storage.k8s.io/provisioner-secret-name': name,
      'csi.storage.k8s.io/provisioner-secret-namespace': 'default',
    });
    await world.user.create(STORAGE_CLASSES_PATH, storageClass('fast', { parameters: naming('old-key') }));
    await world.user.create(CLAIMS(), claim('data'));
    await world.user.pause(random.between(5_000, 20_000));
    const from = world.scheduler.elapsedMs;
    await crashProvisioner(world);
    await world.user.pause(random.between(0, 10_000));
    await world.user.create(SECRETS(), secret('new-key', { password: 'x' }));
    const goMs = retryInForceMs(world.scheduler.elapsedMs - from);
    await replaceClass(world, naming('new-key'));
    await takesAtMost(world, { what: 'a claim whose class names another secret', goMs }, () => bound(world, 'data'));
    if (random.chance(0.5)) await world.user.remove(`${CLAIMS()}/data`);
  },
};

export const GO_FIRST_SECOND: Scenario = {
  name: 'go-first-second',
  about: 'a claim is made in the second in which the provisioner starts, and deleted as soon as it is bound: DeleteVolume does not wait',
  story: async (world, random) => {
    await classes(world);
    await world.user.pause(random.chance(0.5) ? 0 : random.between(0, 1_000));
    await world.user.create(CLAIMS(), claim('data'));
    await world.user.until(() => bound(world, 'data'), MINUTE_MS);
    await world.user.pause(random.chance(0.5) ? 0 : random.between(0, 30_000));
    await world.user.remove(`${CLAIMS()}/data`);
    await takesAtMost(world, { what: 'the end of a volume', goMs: 0 }, () => world.mirror.volumes.all().length === 0);
  },
};

export const GO_INVALID_ARGUMENT: Scenario = {
  name: 'go-invalid-argument',
  about: 'CreateVolume is refused with INVALID_ARGUMENT, after an undecided answer or none: it is sent once, and again after a pause',
  story: async (world, random) => {
    await classes(world);
    answersWith(world, 'CreateVolume', random.chance(0.5) ? ['INVALID_ARGUMENT'] : ['UNAVAILABLE', 'INVALID_ARGUMENT']);
    await world.user.create(CLAIMS(), claim('data'));
    await world.user.pause(12 * MINUTE_MS);
    const refused = answers(world, 'CreateVolume').filter(({ code }) => code === 3);
    const hasty = refused.find(({ atMs }, i) => i > 0 && atMs - (refused[i - 1]?.atMs ?? 0) < 4.9 * MINUTE_MS);
    if (hasty !== undefined || refused.length === 0)
      world.fail(new Violation('errors-follow-the-back-off', `INVALID_ARGUMENT was answered ${refused.length} times in twelve minutes`));
    mended(world);
  },
};

const STRICT = ['--strict-topology'];

/** The node is chosen before there is another one; then there is one with room. */
async function fullNode(world: World, random: SeededRandom): Promise<void> {
  const { user, mirror } = world;
  const undecided = random.pick(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'ABORTED'] as const);
  answersWith(world, 'CreateVolume', [undecided, undefined]);
  await user.create(NODES_PATH, node('full', 'a'));
  await user.create(CSI_NODES_PATH, csiNode('full'));
  await user.create(STORAGE_CLASSES_PATH, storageClass('fast', { volumeBindingMode: 'WaitForFirstConsumer' }));
  await user.create(CLAIMS(), claim('data'));
  await user.create(PODS, pod('data', 'data'));
  await user.until(() => answers(world, 'CreateVolume').length > 0, MINUTE_MS);
  await user.create(NODES_PATH, node('roomy', 'c'));
  await user.create(CSI_NODES_PATH, csiNode('roomy'));
  await user.until(() => answers(world, 'CreateVolume').some(({ code }) => code === 8), MINUTE_MS);
  const isChosen = (): boolean => nodeOfClaim(mirror.claims.all()[0] ?? {}) === 'full';
  await takesAtMost(world, { what: `another node after ${undecided} and RESOURCE_EXHAUSTED`, goMs: 0 }, () => !isChosen());
}

export const GO_FULL_NODE: Scenario = {
  name: 'go-full-node',
  about: 'RESOURCE_EXHAUSTED after an undecided answer, with a node selected: the choice is taken back at once',
  parts: ['binder', 'scheduler'],
  flags: { 'csi-provisioner': STRICT, 'csi-sidecars': STRICT },
  driver: {
    topology: [{ [ZONE]: 'a' }, { [ZONE]: 'c' }],
    pools: () => [
      { segment: { [ZONE]: 'a' }, bytes: 0n },
      { segment: { [ZONE]: 'c' }, bytes: 64n * GIB },
    ],
    promised: 'selected',
  },
  story: fullNode,
};
