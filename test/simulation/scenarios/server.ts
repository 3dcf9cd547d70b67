/** Stories about the API server itself: it is gone, it refuses Leases or tokens. */
import type { HttpRequest } from '../../../lib/doors/http.ts';
import type { FaultRates } from '../faults.ts';
import { NO_FAULTS } from '../faults.ts';
import { Violation } from '../invariants.ts';
import { holdsJournal, isJournal } from '../journal.ts';
import { CLAIMS, claim, SNAPSHOTS, snapshot } from '../manifests.ts';
import type { Scenario } from '../scenario.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { statusAnswer } from '../simulated-server.ts';
import { tidy } from '../tidy.ts';
import type { World } from '../world.ts';
import { TOKEN_FILE } from '../world.ts';
import { bound, classes, mainJob, ready } from './main-job.ts';

const LONG_MS = 15 * 60_000;
/** After an outage: the longest back-off of a watcher and of a start, and the work itself with a driver that errs. */
const SERVED_AGAIN_MS = 60 * 60_000;

/** A claim that is made now is served before long, whatever was before. */
export async function servedAgain(world: World, name: string): Promise<void> {
  await world.user.create(CLAIMS(), claim(name));
  if (!(await world.user.until(() => bound(world, name), SERVED_AGAIN_MS)))
    throw new Violation('desired-is-actual', `claim ${name} is not bound ${SERVED_AGAIN_MS / 60_000} minutes after the server was back`);
}

// Leases are refused.

const RECORD = /\/leases(\/|\?|$)/;
/** RBAC refuses every write; in a namespace that is not there, nothing can be made or changed. */
const REFUSALS = [
  {
    code: 403,
    reason: 'Forbidden',
    message: 'leases.coordination.k8s.io is forbidden: injected',
    methods: ['POST', 'PUT', 'PATCH', 'DELETE'],
  },
  { code: 404, reason: 'NotFound', message: 'namespaces "kube-system" not found', methods: ['POST', 'PUT', 'PATCH'] },
] as const;

function isJournalWrite({ mirror }: World, { method, path, body }: HttpRequest): boolean {
  if (method === 'GET' || !RECORD.test(path)) return false;
  const isKnown = mirror.leases.all().some((lease) => isJournal(lease) && path.includes(`/${lease.metadata?.name ?? ''}`));
  return isKnown || holdsJournal(body);
}

async function refusedRecords(world: World, random: SeededRandom): Promise<void> {
  const refusal = random.pick(REFUSALS);
  const forEver = random.chance(0.5);
  let refused = 0;
  let accepted = 0;
  let warnings = 0;
  world.logListeners.push((_, line) => {
    if (line.includes('claims are provisioned without an entry in the journal')) warnings += 1;
  });
  const refuse = (on: boolean): void =>
    world.sandbox.faults.intercept((request) => {
      if (!isJournalWrite(world, request)) return undefined;
      if (on && refusal.methods.some((method) => method === request.method)) {
        refused += 1;
        return statusAnswer(refusal.code, refusal.reason, refusal.message);
      }
      if (request.method === 'POST' || request.method === 'PUT') accepted += 1;
      return undefined;
    });
  await classes(world);
  world.safety.journalRefused = true;
  // Some entries were made before, and cannot be taken away now.
  refuse(forEver);
  await world.user.create(CLAIMS(), claim('early'));
  await world.user.pause(random.between(0, 300));
  refuse(true);
  const from = world.scheduler.elapsedMs;
  const [refusedFrom, acceptedFrom] = [refused, accepted];
  await world.user.create(CLAIMS(), claim('data'));
  const boundInTime = await world.user.until(() => bound(world, 'early') && bound(world, 'data'), LONG_MS);
  if (!boundInTime) throw new Violation('desired-is-actual', 'claims are not bound while records are refused');
  await world.user.create(SNAPSHOTS(), snapshot('s1', 'data'));
  await world.user.create(CLAIMS(), claim('restored', { fromSnapshot: 's1' }));
  await world.user.create(CLAIMS(), claim('cloned', { fromClaim: 'data' }));
  if (!(await world.user.until(() => bound(world, 'restored') && bound(world, 'cloned'), LONG_MS)))
    throw new Violation('desired-is-actual', 'claims are not restored or cloned while records are refused');
  await world.user.pause(random.between(0, 30 * 60_000));
  await world.user.remove(`${CLAIMS()}/restored`);
  await world.user.remove(`${CLAIMS()}/cloned`);
  await world.user.pause(60_000);
  const minutes = (world.scheduler.elapsedMs - from) / 60_000;
  if (accepted !== acceptedFrom) throw new Violation('program-survives', 'a record was made while records are refused');
  if (refused - refusedFrom > 20 + minutes)
    world.fail(
      new Violation('errors-follow-the-back-off', `${refused - refusedFrom} records were refused in ${minutes.toFixed(1)} minutes`),
    );
  // Once for each ten minutes in which nothing could be written.
  if (warnings < 1 || warnings > 1 + minutes / 10)
    world.fail(
      new Violation('program-survives', `that nothing can be written was said ${warnings} times in ${minutes.toFixed(1)} minutes`),
    );
  refuse(false);
  // It is looked again within ten minutes whether they are accepted.
  if (random.chance(0.5)) {
    await world.user.pause(11 * 60_000);
    const before = accepted;
    await servedAgain(world, 'late');
    if (accepted === before) throw new Violation('program-survives', 'no record is made though records are accepted again');
  }
}

/** Driver faults too, but no crash and no lost answer of the API server: see `about`. */
export const driverFaults = (random: SeededRandom): FaultRates => ({
  ...NO_FAULTS,
  driverError: random.between(0, 0.3),
  driverDoneButError: random.between(0, 0.3),
  staleWatch: random.between(0, 0.3),
});

export const REFUSED_RECORDS: Scenario = {
  name: 'refused-records',
  about:
    'the API server refuses the Leases of crash-safe provisioning: claims are served as by the peer, one warning, no hot loop, and records again once they are accepted (no crashes: without records the peer leaks, too)',
  faults: driverFaults,
  story: refusedRecords,
};

export const WITHOUT_RECORDS: Scenario = {
  name: 'without-records',
  about: 'the main job with --crash-safe-provisioning=false: not one request for a Lease (no crashes: the peer leaks then, too)',
  faults: driverFaults,
  flags: { 'csi-provisioner': ['--crash-safe-provisioning=false'], 'csi-sidecars': ['--crash-safe-provisioning=false'] },
  story: async (world) => {
    world.sandbox.faults.intercept((request) => {
      if (RECORD.test(request.path)) world.fail(new Violation('program-survives', `${request.method} ${request.path} without records`));
      return undefined;
    });
    await mainJob(world);
  },
};

// The server is gone for a while.

/**
 * Requests of one program in the first minute in which nobody answers: ten kinds are asked for at most five times, each with
 * five tries; the journal writes ten times and reads after each, with five tries.
 */
const MOST_REFUSED_PER_MINUTE = 10 * 5 * 5 + 10 * (1 + 5);

async function outages(world: World, random: SeededRandom, rounds: number): Promise<void> {
  await classes(world);
  await world.user.create(CLAIMS(), claim('data'));
  await world.user.until(() => bound(world, 'data'), random.between(0, 10_000));
  await world.user.create(SNAPSHOTS(), snapshot('s1', 'data'));
  await world.user.create(CLAIMS(), claim('restored', { fromSnapshot: 's1' }));
  for (let round = 0; round < rounds; round += 1) {
    await world.user.pause(random.between(0, 20_000));
    if (random.chance(0.3)) await world.user.remove(`${CLAIMS()}/${random.pick(['restored', 'round-0'])}`);
    await world.user.pause(random.between(0, 50));
    world.stopServer();
    const [from, before] = [world.scheduler.elapsedMs, world.refusedConnections];
    await world.user.pause(random.chance(0.5) ? random.between(100, 5_000) : random.between(5_000, 180_000));
    const minutes = (world.scheduler.elapsedMs - from) / 60_000;
    const perMinute = (world.refusedConnections - before) / Math.max(1, minutes) / world.programNames().length;
    if (perMinute > MOST_REFUSED_PER_MINUTE)
      world.fail(
        new Violation('errors-follow-the-back-off', `${perMinute.toFixed(0)} requests per minute and program to a server that is gone`),
      );
    await world.startServer();
    await servedAgain(world, `round-${round}`);
  }
  if (random.chance(0.5)) await world.user.remove(`${SNAPSHOTS()}/s1`);
  await world.user.until(() => ready(world, 's1') && bound(world, 'restored'), LONG_MS);
  await tidy(world);
}

export const SERVER_GONE: Scenario = {
  name: 'server-gone',
  about:
    'the API server is gone for up to three minutes, twice, in the middle of everything: nothing hangs, nothing hammers, nothing is lost',
  faults: driverFaults,
  story: (world, random) => outages(world, random, 2),
};

export const SERVER_GONE_ELECTED: Scenario = {
  name: 'server-gone-elected',
  about: 'the same with two replicas each: who cannot renew its lease ends, and a new life leads when the server is back',
  election: true,
  faults: driverFaults,
  story: (world, random) => outages(world, random, 1),
};

// The token expires.

async function rotations(world: World, random: SeededRandom): Promise<void> {
  // A credential that is refused says nothing about what may be written with a good one.
  const given = ['claims are provisioned without an entry in the journal', 'is refused'];
  world.logListeners.push((program, line) => {
    if (given.some((text) => line.includes(text)))
      world.fail(new Violation('program-survives', `${program} takes a refused token for a refusal: ${line.trim()}`));
  });
  world.files.set(TOKEN_FILE, 'token-0');
  world.acceptTokens(['token-0', 'simulated']);
  // A program that has not come to work yet waits half a minute for a server that takes it, and then ends, as the peer's.
  await classes(world);
  await world.user.create(CLAIMS(), claim('first'));
  await world.user.create(SNAPSHOTS(), snapshot('first', 'first'));
  await world.user.until(() => ready(world, 'first'), LONG_MS);
  for (let turn = 1; turn <= 2; turn += 1) {
    await world.user.create(CLAIMS(), claim(`turn-${turn}`));
    if (random.chance(0.5)) await world.user.create(SNAPSHOTS(), snapshot(`turn-${turn}`, `turn-${turn}`));
    await world.user.pause(random.between(0, 30_000));
    // As the kubelet does: the new one is there long before the old one ends; or too late, since the node was busy.
    const late = random.chance(0.4);
    const exits = world.exits.length;
    if (!late) {
      world.files.set(TOKEN_FILE, `token-${turn}`);
      world.acceptTokens([`token-${turn - 1}`, `token-${turn}`]);
      await world.user.pause(random.between(0, 70_000));
    }
    // The token ends in the middle of the work for one claim, and another claim comes while it is refused.
    await world.user.create(CLAIMS(), claim(`amid-${turn}`));
    await world.user.pause(random.between(0, 50));
    const [from, before] = [world.scheduler.elapsedMs, world.server.unauthorized];
    world.acceptTokens([`token-${turn}`]);
    if (random.chance(0.5)) await world.user.create(CLAIMS(), claim(`meanwhile-${turn}`));
    await world.user.pause(random.between(0, late ? 120_000 : 1_000));
    const minutes = (world.scheduler.elapsedMs - from) / 60_000;
    const perMinute = (world.server.unauthorized - before) / Math.max(1, minutes) / world.programNames().length;
    if (perMinute > MOST_REFUSED_PER_MINUTE)
      world.fail(
        new Violation('errors-follow-the-back-off', `${perMinute.toFixed(0)} requests per minute and program with a token that is refused`),
      );
    world.files.set(TOKEN_FILE, `token-${turn}`);
    await servedAgain(world, `served-${turn}`);
    if (world.exits.length > exits) world.fail(new Violation('program-survives', 'a program ended for a token that was rotated'));
  }
  await world.user.pause(60_000);
}

export const TOKEN_ROTATION: Scenario = {
  name: 'token-rotation',
  about:
    'tokens expire and are rotated in their file, sometimes too late: they are read again, with no restart, no missed object and no hot loop',
  faults: driverFaults,
  story: rotations,
};
