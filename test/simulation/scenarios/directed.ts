/** One story per safety rule of the design, each the shortest course of events that a careless controller fails. */
import type { FaultRates } from '../faults.ts';
import { drawFaults, NO_FAULTS } from '../faults.ts';
import { isConflict, Violation } from '../invariants.ts';
import {
  SELECTED_NODE,
  CLAIMS,
  claim,
  CONTENTS,
  SNAPSHOTS,
  snapshot,
  snapshotClass,
  SNAPSHOT_CLASSES_PATH,
  storageClass,
  STORAGE_CLASSES_PATH,
} from '../manifests.ts';
import type { Scenario } from '../scenario.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { World } from '../world.ts';
import { TOKEN_FILE } from '../world.ts';
import { answersWith } from './as-go.ts';
import { bound, classes, ready } from './main-job.ts';

const LONG_MS = 15 * 60_000;

/** The opening of most stories: the classes, and a claim `data` with its volume. */
async function boundClaim(world: World): Promise<void> {
  await classes(world);
  await world.user.create(CLAIMS(), claim('data'));
  await world.user.until(() => bound(world, 'data'), LONG_MS);
}

/** PVC deleted and created again under its name, again and again, with stale caches. */
async function recreate(world: World, random: SeededRandom): Promise<void> {
  await classes(world);
  for (let round = 0; round < 6; round += 1) {
    await world.user.create(CLAIMS(), claim('data'));
    if (random.chance(0.7)) await world.user.until(() => bound(world, 'data'), random.between(1_000, 60_000));
    await world.user.remove(`${CLAIMS()}/data`);
    await world.user.pause(random.between(0, 3_000));
    if (random.chance(0.5)) await world.user.until(() => world.mirror.claims.all().length === 0, 60_000);
  }
}

export const RECREATED_CLAIM: Scenario = {
  name: 'recreated-claim',
  about: 'a claim deleted and re-created under its name while caches are stale and CreateVolume is undecided: no second volume, no leak',
  faults: (random) => ({ ...drawFaults(random), staleWatch: 0.5 }),
  crashes: 0.01,
  story: recreate,
};

/** The claim goes while CreateVolume times out and succeeds later. */
export const DELETED_WHILE_CREATING: Scenario = {
  name: 'deleted-while-creating',
  about: 'PVC or VolumeSnapshot deleted while the driver works past its deadline, with a restart in between (prov#311, snap#1388)',
  faults: (random) => ({
    ...NO_FAULTS,
    driverSlow: random.between(0.3, 0.9),
    driverDoneButError: random.between(0, 0.5),
    driverCrash: random.between(0, 0.3),
    driverOdd: random.chance(0.5) ? 0 : random.between(0, 0.3),
    lateAnswer: random.chance(0.5) ? 0 : random.between(0, 0.1),
  }),
  crashes: 0.01,
  story: async (world, random) => {
    await boundClaim(world);
    await world.user.create(SNAPSHOTS(), snapshot('s1', 'data'));
    await world.user.create(CLAIMS(), claim('more'));
    await world.user.pause(random.between(100, 40_000));
    await world.user.remove(`${SNAPSHOTS()}/s1`);
    await world.user.remove(`${CLAIMS()}/more`);
    if (random.chance(0.5)) world.crash(random.pick(world.programNames()));
    await world.user.pause(random.between(0, 60_000));
    await world.user.remove(`${CLAIMS()}/data`);
  },
};

/** The content is switched to Retain just before its VolumeSnapshot is deleted; caches see the two in the other order. */
export const RETAIN_FLIP: Scenario = {
  name: 'retain-flip',
  about: 'deletionPolicy flipped to Retain, then the VolumeSnapshot deleted, seen late or in the other order: the snapshot stays',
  faults: (random) => ({
    ...NO_FAULTS,
    staleWatch: random.between(0.2, 0.9),
    cutWatch: random.between(0, 0.2),
    lateAnswer: random.between(0, 0.1),
  }),
  crashes: 0.005,
  story: async (world, random) => {
    await boundClaim(world);
    await world.user.create(SNAPSHOTS(), snapshot('s1', 'data'));
    await world.user.until(() => ready(world, 's1'), LONG_MS);
    await world.user.pause(random.between(0, 20_000));
    const content = world.mirror.contents.all()[0]?.metadata?.name ?? '';
    const before = world.ledger().snapshots.length;
    await world.user.edit(`${CONTENTS}/${content}`, { spec: { deletionPolicy: 'Retain' } });
    await world.user.pause(random.between(0, 300));
    await world.user.remove(`${SNAPSHOTS()}/s1`);
    await world.user.until(() => world.mirror.snapshots.all().length === 0, LONG_MS);
    await world.user.pause(30_000);
    if (world.ledger().snapshots.length !== before) world.fail(new Violation('retain-keeps', 'the retained snapshot was deleted'));
    if (world.mirror.contents.all().length !== 1) world.fail(new Violation('retain-keeps', 'the retained content was deleted'));
  },
};

/** A leader is stopped (SIGSTOP) for longer than its lease and wakes while another acts. */
export const PAUSED_LEADER: Scenario = {
  name: 'paused-leader',
  about:
    'a leader stops for longer than its lease, another takes over, the old one wakes and what it sent arrives late: it destroys nothing on what it knew',
  election: true,
  faults: (random) => ({
    ...NO_FAULTS,
    staleWatch: random.between(0, 0.3),
    limbo: random.chance(0.5) ? 0 : random.between(0.05, 0.3),
    driverSlow: random.chance(0.5) ? 0 : random.between(0.1, 0.6),
  }),
  story: async (world, random) => {
    await boundClaim(world);
    await world.user.create(SNAPSHOTS(), snapshot('s1', 'data'));
    // It stops in the middle of making a volume, now and then.
    if (random.chance(0.5)) await world.user.create(CLAIMS(), claim('amid'));
    await world.user.pause(random.chance(0.5) ? random.between(0, 100) : random.between(0, 3_000));
    const sleepers = world.programNames().filter((name) => name.endsWith('-1'));
    for (const name of sleepers) world.pause(name);
    await world.user.create(CLAIMS(), claim('more'));
    await world.user.pause(random.between(10_000, 60_000));
    if (random.chance(0.5)) await world.user.remove(`${SNAPSHOTS()}/s1`);
    for (const name of sleepers) world.resume(name);
    await world.user.pause(random.between(0, 20_000));
    await world.user.remove(`${SNAPSHOTS()}/s1`);
    await world.user.remove(`${CLAIMS()}/amid`);
    await world.user.remove(`${CLAIMS()}/more`);
  },
};

/** A controller in the style of the Go programs writes whole annotation maps from its own cache. */
export const SECOND_WRITER: Scenario = {
  name: 'second-writer',
  about: 'a second writer overwrites annotation maps and edits labels at 20 per second: no Warning, no status.error, marks come back',
  faults: () => NO_FAULTS,
  story: async (world, random) => {
    await boundClaim(world);
    await world.user.create(SNAPSHOTS(), snapshot('s1', 'data'));
    let deleted = false;
    for (let i = 0; i < 400; i += 1) {
      await world.user.pause(50);
      for (const content of world.mirror.contents.all()) {
        const path = `${CONTENTS}/${content.metadata?.name ?? ''}`;
        if (random.chance(0.3) && content.metadata?.annotations !== undefined) {
          const cleared = Object.fromEntries(Object.keys(content.metadata.annotations).map((key) => [key, null]));
          await world.user.edit(path, { metadata: { annotations: { ...cleared, 'example.com/owner': 'second' } } });
        } else await world.user.edit(path, { metadata: { labels: { tick: String(i) } } });
      }
      await world.user.edit(`${SNAPSHOTS()}/s1`, { metadata: { labels: { tick: String(i) } } });
      if (i === 200) {
        deleted = true;
        await world.user.remove(`${SNAPSHOTS()}/s1`);
      }
      const snapshotNow = world.mirror.snapshots.all()[0];
      if (isConflict(snapshotNow?.status?.error?.message))
        world.fail(new Violation('conflicts-are-silent', `status.error: ${snapshotNow?.status?.error?.message ?? ''}`));
      if (deleted && world.mirror.contents.all().length === 0) return;
    }
  },
};

/** A namespace with claims, snapshots and the secrets they need goes all at once. */
export const NAMESPACE_GONE: Scenario = {
  name: 'namespace-gone',
  about: 'a namespace is deleted with claims, snapshots, restores and their secrets in it: it ends, and nothing is left',
  faults: drawFaults,
  crashes: 0.01,
  story: async (world, random) => {
    await classes(world);
    await world.user.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } });
    await world.user.create(CLAIMS('team'), claim('data', { namespace: 'team' }));
    await world.user.pause(random.between(0, 20_000));
    await world.user.create(SNAPSHOTS('team'), snapshot('s1', 'data', { namespace: 'team' }));
    await world.user.pause(random.between(0, 10_000));
    await world.user.create(CLAIMS('team'), claim('restored', { namespace: 'team', fromSnapshot: 's1' }));
    await world.user.pause(random.between(0, 10_000));
    await world.user.remove('/api/v1/namespaces/team');
    await world.user.pause(60_000);
  },
  after: async (world) => {
    const answer = await world.user.get('/api/v1/namespaces/team');
    if (answer.status !== 404) throw new Violation('deleted-means-gone', 'namespace team is still there');
  },
};

const RETRIED = ['CreateVolume', 'CreateSnapshot'];

/** Ten virtual minutes of a driver that refuses everything, while labels change: call times follow the curve. */
export const FAILING_DRIVER: Scenario = {
  name: 'failing-driver',
  about: 'an always-failing driver for ten virtual minutes while labels change all the time: calls follow the back-off curve',
  story: async (world) => {
    await boundClaim(world);
    world.setFaults({ ...NO_FAULTS, driverError: 1 });
    const from = world.rpcAttempts.length;
    await world.user.create(SNAPSHOTS(), snapshot('s1', 'data'));
    await world.user.create(CLAIMS(), claim('more'));
    const called = (rpc: string): number => world.rpcAttempts.slice(from).filter((call) => call.rpc === rpc).length;
    // 1 s doubling to 5 min within 10 min: attempts at 0, 1, 3, 7, 15, 31, 63, 127, 255, 511 s and no more.
    for (let i = 0; i < 300 && RETRIED.every((rpc) => called(rpc) <= 12); i += 1) {
      await world.user.pause(2_000);
      await world.user.edit(`${CLAIMS()}/more`, { metadata: { labels: { tick: String(i) } } });
      const content = world.mirror.contents.all()[0]?.metadata?.name;
      if (content !== undefined) await world.user.edit(`${CONTENTS}/${content}`, { metadata: { labels: { tick: String(i) } } });
    }
    for (const rpc of RETRIED) {
      const times = called(rpc);
      if (times > 12 || times < 5)
        world.fail(new Violation('errors-follow-the-back-off', `${rpc} was called ${times} times within ten minutes`));
    }
    world.setFaults(NO_FAULTS);
  },
};

/** Tenants write what only the scheduler and the controllers should. */
export const FORGED_ANNOTATIONS: Scenario = {
  name: 'forged-annotations',
  about: 'tenants forge selected-node, storage-provisioner, bind-completed and marks: their own claims may fail, others never',
  faults: drawFaults,
  crashes: 0.005,
  story: async (world, random) => {
    await classes(world);
    const forged: Record<string, string>[] = [
      { [SELECTED_NODE]: 'no-such-node' },
      { 'volume.kubernetes.io/storage-provisioner': 'somebody.else' },
      { 'pv.kubernetes.io/bind-completed': 'yes' },
      { 'snapshot.storage.kubernetes.io/volumesnapshot-being-created': 'yes' },
    ];
    for (const [i, annotations] of forged.entries()) {
      await world.user.create(CLAIMS(), claim(`forged-${i}`, { annotations }));
      world.unbindable.add(`default/forged-${i}`);
    }
    await world.user.create(CLAIMS(), claim('honest'));
    await world.user.pause(random.between(0, 30_000));
    for (const i of forged.keys()) await world.user.remove(`${CLAIMS()}/forged-${i}`);
  },
};

/** Class, secret and source appear after the objects that need them. */
export const LATE_THINGS: Scenario = {
  name: 'late-things',
  about: 'claims and snapshots first, classes and sources minutes later: everything heals without a restart',
  faults: drawFaults,
  story: async (world, random) => {
    await world.user.create(CLAIMS(), claim('restored', { fromSnapshot: 's1' }));
    await world.user.create(SNAPSHOTS(), snapshot('s1', 'data'));
    await world.user.pause(random.between(0, 60_000));
    await world.user.create(SNAPSHOT_CLASSES_PATH, snapshotClass('snap'));
    await world.user.pause(random.between(0, 60_000));
    await world.user.create(CLAIMS(), claim('data'));
    await world.user.pause(random.between(0, 60_000));
    await world.user.create(STORAGE_CLASSES_PATH, storageClass('fast'));
    await world.user.pause(10_000);
  },
};

/** The order in which a careless administrator deletes things. */
export const DELETE_IN_ANY_ORDER: Scenario = {
  name: 'delete-in-any-order',
  about: 'claim, snapshot, restore, classes and content deleted in a random order while things are being made (snap#1305, prov#1449)',
  faults: drawFaults,
  crashes: 0.01,
  story: async (world, random) => {
    await boundClaim(world);
    await world.user.create(SNAPSHOTS(), snapshot('s1', 'data'));
    await world.user.until(() => ready(world, 's1'), random.between(0, 60_000));
    await world.user.create(CLAIMS(), claim('restored', { fromSnapshot: 's1' }));
    await world.user.create(CLAIMS(), claim('cloned', { fromClaim: 'data' }));
    await world.user.pause(random.between(0, 5_000));
    const targets = [
      `${CLAIMS()}/data`,
      `${CLAIMS()}/restored`,
      `${CLAIMS()}/cloned`,
      `${SNAPSHOTS()}/s1`,
      `${SNAPSHOT_CLASSES_PATH}/snap`,
    ];
    while (targets.length > 0) {
      const [path] = targets.splice(random.below(targets.length), 1);
      await world.user.remove(path ?? '');
      await world.user.pause(random.chance(0.5) ? 0 : random.between(0, 10_000));
    }
  },
};

/** `kubectl delete volumesnapshotcontent` under a live snapshot: nothing is destroyed until the snapshot goes, too. */
export const ADMIN_DELETES_CONTENT: Scenario = {
  name: 'admin-deletes-content',
  about: 'an administrator deletes the content of a live VolumeSnapshot: the data stay until the VolumeSnapshot goes, then all goes',
  faults: drawFaults,
  crashes: 0.005,
  story: async (world, random) => {
    await boundClaim(world);
    await world.user.create(SNAPSHOTS(), snapshot('s1', 'data'));
    await world.user.until(() => (random.chance(0.5) ? ready(world, 's1') : world.mirror.contents.all().length > 0), LONG_MS);
    const content = world.mirror.contents.all()[0]?.metadata?.name;
    if (content !== undefined) await world.user.remove(`${CONTENTS}/${content}`);
    await world.user.pause(random.between(0, 120_000));
    await world.user.remove(`${SNAPSHOTS()}/s1`);
  },
};

/** The longest poll interval. */
const LONGEST_POLL_MS = 300_000;
/** The shortest poll interval, a refused call before the first answer, and five hops between the driver and the status that are as slow as any. */
const SLACK_MS = 15_000;

/** Readiness has a clock of its own, which doubles the age from poll to poll: seen at twice the age at the latest. */
export const SLOW_TO_BE_READY: Scenario = {
  name: 'slow-to-be-ready',
  about: 'a snapshot that the storage makes usable only minutes later is seen to be ready within its poll interval',
  story: async (world, random) => {
    await boundClaim(world);
    world.notReadyMs = random.between(2_000, 400_000);
    // A refusal first: what it said is over long before the snapshot is usable.
    answersWith(world, 'CreateSnapshot', random.chance(0.5) ? ['INTERNAL', undefined] : [undefined]);
    await world.user.create(SNAPSHOTS(), snapshot('s1', 'data'));
    const cut = world.scheduler.elapsedMs;
    const seen = await world.user.until(() => ready(world, 's1'), LONG_MS);
    const lagMs = world.scheduler.elapsedMs - cut - world.notReadyMs;
    if (!seen || lagMs > Math.min(world.notReadyMs, LONGEST_POLL_MS) + SLACK_MS)
      world.fail(
        new Violation('readiness-is-seen-in-time', `usable after ${Math.round(world.notReadyMs)} ms, seen ${Math.round(lagMs)} ms later`),
      );
  },
};

/** Hours of nothing but cut watches, forgotten versions, a restarted server and new tokens; then a claim, which must be served. */
async function idle(world: World, random: SeededRandom, hours: number): Promise<void> {
  await classes(world);
  await world.user.create(CLAIMS(), claim('first'));
  await world.user.until(() => bound(world, 'first'), LONG_MS);
  const requests = world.requests;
  for (let hour = 0; hour < hours; hour += 1) {
    await world.user.pause(random.between(3_000_000, 3_600_000));
    if (random.chance(0.5)) world.cutWatches();
    if (random.chance(0.3)) await restartServer(world, random);
    if (random.chance(0.3)) {
      world.files.set(TOKEN_FILE, `token-${hour}`);
      world.acceptTokens([`token-${hour}`]);
    }
    await world.user.create(CLAIMS(), claim(`hour-${hour}`));
    // What was watched until now is forgotten before anybody could reconnect: a relist is the only way on.
    if (random.chance(0.5)) world.sandbox.faults.expireVersions();
  }
  const perMinute = (world.requests - requests) / (hours * 60);
  if (perMinute > 30)
    world.fail(new Violation('settled-means-silent', `${perMinute.toFixed(1)} requests per minute while nothing happens`));
  await world.user.pause(600_000);
  const [watches, timers] = [openWatches(world), world.scheduler.pending()];
  if (watches > MOST_WATCHES || timers > MOST_TIMERS)
    world.fail(new Violation('settled-means-silent', `${watches} watches and ${timers} timers after hours of nothing`));
}

/** Three programs watch this many kinds; a leak is one more for every disturbance. */
const MOST_WATCHES = 13;
/** Watches, elections, event correlators and the world's own: 70 in the worst of many runs. */
const MOST_TIMERS = 90;

function openWatches(world: World): number {
  return world.programNames().reduce((sum, name) => sum + (world.life(name)?.watches() ?? 0), 0);
}

async function restartServer(world: World, random: SeededRandom): Promise<void> {
  world.stopServer();
  await world.user.pause(random.between(1_000, 120_000));
  await world.startServer();
}

const brokenWatches = (random: SeededRandom): FaultRates => ({
  ...NO_FAULTS,
  cutWatch: random.between(0, 0.2),
  silentWatch: random.between(0, 0.05),
  lateAnswer: random.between(0, 0.05),
});

export const IDLE: Scenario = {
  name: 'idle',
  about:
    'two virtual hours of cut and silent watches, expired versions, restarts of the server and new tokens: no missed object, no hot loop, no growth',
  faults: brokenWatches,
  story: (world, random) => idle(world, random, 2),
};

/** For `npm run verify -- idle`. */
export const LONG_IDLE: Scenario = {
  name: 'long-idle',
  about: 'the same for ten virtual hours',
  faults: brokenWatches,
  story: (world, random) => idle(world, random, 10),
};

export const RETAINED_VOLUME: Scenario = {
  name: 'retained-volume',
  about: 'a class with reclaim policy Retain, and a PV switched to Retain: the volumes stay when their claims go',
  faults: drawFaults,
  crashes: 0.01,
  story: async (world, random) => {
    await classes(world);
    await world.user.create(STORAGE_CLASSES_PATH, storageClass('keep', { reclaimPolicy: 'Retain' }));
    await world.user.create(CLAIMS(), claim('kept', { className: 'keep' }));
    await world.user.create(CLAIMS(), claim('switched'));
    if (!(await world.user.until(() => bound(world, 'kept') && bound(world, 'switched'), LONG_MS))) return;
    const switched = world.mirror.claims.all().find((c) => c.metadata?.name === 'switched')?.spec?.volumeName ?? '';
    await world.user.edit(`/api/v1/persistentvolumes/${switched}`, { spec: { persistentVolumeReclaimPolicy: 'Retain' } });
    await world.user.pause(random.between(20_000, 60_000));
    const before = world.ledger().volumes.length;
    await world.user.remove(`${CLAIMS()}/kept`);
    await world.user.remove(`${CLAIMS()}/switched`);
    await world.user.pause(120_000);
    if (world.ledger().volumes.length !== before) world.fail(new Violation('retain-keeps', 'a retained volume was deleted'));
  },
};
