/** The API server refuses one verb of the work for good: RBAC, a quota or an admission policy. Who waits for it is told so where users look. */
import { Violation } from '../invariants.ts';
import {
  CLAIMS,
  claim,
  SECRETS,
  secret,
  SNAPSHOTS,
  snapshot,
  snapshotClass,
  SNAPSHOT_CLASSES_PATH,
  storageClass,
  STORAGE_CLASSES_PATH,
} from '../manifests.ts';
import type { Scenario } from '../scenario.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { statusAnswer } from '../simulated-server.ts';
import type { World } from '../world.ts';
import { bound, ready } from './main-job.ts';

const MINUTE_MS = 60_000;
const TOLD_WITHIN_MS = 30_000;
const WORDS = 'not today, says the policy';

/** What is refused, and the act of a user that needs it. */
const VERBS = [
  { method: 'POST', path: /\/persistentvolumes$/, act: 'provision' },
  { method: 'GET', path: /\/secrets\//, act: 'provision' },
  { method: 'PUT', path: /\/persistentvolumeclaims\/data$/, act: 'snapshot' },
  { method: 'PATCH', path: /\/volumesnapshots\/s1$/, act: 'snapshot' },
  { method: 'POST', path: /\/volumesnapshotcontents$/, act: 'snapshot' },
  { method: 'PATCH', path: /\/volumesnapshotcontents\/[^/]+$/, act: 'snapshot' },
  { method: 'PATCH', path: /\/volumesnapshotcontents\/[^/]+\/status$/, act: 'snapshot' },
  { method: 'PATCH', path: /\/volumesnapshotcontents\/[^/]+$/, act: 'delete snapshot' },
  { method: 'DELETE', path: /\/volumesnapshotcontents\//, act: 'delete snapshot' },
  { method: 'DELETE', path: /\/persistentvolumes\//, act: 'delete claim' },
] as const;

const REFUSALS = [
  { code: 403, reason: 'Forbidden' },
  { code: 422, reason: 'Invalid' },
] as const;

/** Everything that a user finds out with `kubectl describe` of what belongs to the story. */
function told({ mirror }: World): readonly string[] {
  const errors = [...mirror.snapshots.all(), ...mirror.contents.all()].map(({ status }) => status?.error?.message ?? '');
  return [...errors, ...mirror.events.all().map(({ message = '' }) => message)];
}

async function refusedVerbs(world: World, random: SeededRandom): Promise<void> {
  const { user, sandbox } = world;
  const parameters = { 'csi.storage.k8s.io/provisioner-secret-name': 'key', 'csi.storage.k8s.io/provisioner-secret-namespace': 'default' };
  await user.create(SECRETS(), secret('key', { password: 'x' }));
  await user.create(STORAGE_CLASSES_PATH, storageClass('fast', { parameters }));
  await user.create(SNAPSHOT_CLASSES_PATH, snapshotClass('snap'));
  const verb = random.pick(VERBS);
  const refusal = random.pick(REFUSALS);
  let refused = 0;
  const refuse = (): void => {
    world.calm.refuses(true);
    sandbox.faults.intercept(({ method, path, headers }) => {
      if (method !== verb.method || headers['user-agent'] === 'user' || !verb.path.test(path.replace(/\?.*/, ''))) return undefined;
      refused += 1;
      return statusAnswer(refusal.code, refusal.reason, WORDS);
    });
  };
  if (verb.act === 'provision') refuse();
  await user.create(CLAIMS(), claim('data'));
  if (verb.act !== 'provision') {
    await user.until(() => bound(world, 'data'), MINUTE_MS);
    if (verb.act === 'snapshot') refuse();
    await user.create(SNAPSHOTS(), snapshot('s1', 'data'));
    if (verb.act !== 'snapshot') {
      await user.until(() => ready(world, 's1'), MINUTE_MS);
      await user.pause(random.between(1_000, 5_000));
      refuse();
      await user.remove(verb.act === 'delete claim' ? `${CLAIMS()}/data` : `${SNAPSHOTS()}/s1`);
    }
  }
  await user.until(() => refused > 0, MINUTE_MS);
  await user.pause(TOLD_WITHIN_MS);
  if (refused > 0 && !told(world).some((text) => text.includes(WORDS)))
    world.fail(
      new Violation(
        'who-waits-is-told',
        `${verb.method} ${verb.path.source} was refused ${refused} times with ${refusal.code}, and no event or status says so`,
      ),
    );
  await user.pause(random.between(0, 5 * MINUTE_MS));
  sandbox.faults.intercept(() => undefined);
  world.calm.refuses(false);
}

export const REFUSED_VERBS: Scenario = {
  name: 'refused-verbs',
  about: 'the API server refuses one verb for minutes, with 403 or 422: the user is told, and the work goes on once it is granted',
  story: refusedVerbs,
};
