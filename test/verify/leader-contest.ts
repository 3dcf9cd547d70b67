/**
 * Two replicas of each role on a real kube-apiserver, each process under its own host name and with its own
 * token, while a user keeps them busy. The leaders are killed, told to end, or stopped and woken again; who took
 * over when, and whether two ever led, is read from the audit log.
 *
 * Invariant: all three roles contend at once, so that one fail-over is measured under the load of the others.
 */
import { spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { LEASES } from '../../lib/kube/resources.ts';
import type { MockDriver } from '../../harness/mock-driver.ts';
import type { Ended, Program, Stage } from '../../harness/stage.ts';
import { eventually } from '../../harness/wait.ts';
import type { AuditCall } from '../../harness/real/audit.ts';
import type { ControlPlane, ControlPlaneUser } from '../../harness/real/control-plane.ts';
import type { Scene } from '../real/main-job.ts';
import { createClaim, createSnapshot, openScene, provision } from '../real/main-job.ts';
import type { Role, Side } from '../real/programs.ts';
import { ROLES, startProgram } from '../real/programs.ts';
import type { Rivalry } from './leader-audit.ts';
import { actsAfterLease, judge } from './leader-audit.ts';

type Place = 'first' | 'second';

/** `stop`: SIGSTOP until another leads and works, then SIGCONT. */
export type Way = 'kill' | 'terminate' | 'stop';

export interface Durations {
  readonly leaseSeconds: number;
  readonly renewSeconds: number;
  readonly retrySeconds: number;
}

export interface ContestSpec {
  /** Also the name of its namespace. */
  readonly name: string;
  readonly leader: Side;
  readonly standby: Side;
  readonly way: Way;
  readonly durations: Durations;
}

export interface Takeover {
  readonly role: Role;
  /** From the signal to the standby's first write of the lease. */
  readonly ms: number;
  /** From the old leader's last write of the lease. */
  readonly sinceRenewalMs: number;
  /** Writes of other objects by the old and the new leader: a contest without work shows nothing. */
  readonly writes: readonly [number, number];
  readonly old: Ended;
  /** Empty if there was one leader at a time. */
  readonly faults: readonly string[];
}

const LEASE_NAMESPACE = 'kube-system';
/** util-linux: starts a program in namespaces of its own. */
const UNSHARE = 'unshare';
/** A handful of objects a second: enough to catch a second leader at work, bearable for a small machine. */
const WORK_EVERY_MS = 300;
/** Reading the audit log costs; waits on it look less often. */
const AUDIT_EVERY_MS = 300;

function userOf(role: Role, place: Place): string {
  return `${place}-${role}`;
}

export const CONTEST_USERS: readonly ControlPlaneUser[] = ROLES.flatMap((role) =>
  (['first', 'second'] as const).map((place) => ({ name: userOf(role, place), groups: ['system:masters'] })),
);

/** Why a process cannot get a host name of its own here; undefined if it can. */
export function hostNameProblem(): string | undefined {
  const { status, stderr, error } = spawnSync(UNSHARE, ['--uts', 'hostname', 'probe'], { encoding: 'utf8' });
  if (status === 0) return undefined;
  return `unshare --uts is needed (root on Linux): ${(error?.message ?? stderr).trim()}`;
}

/** The Go programs' lease names, spelled out: that ours use the same ones is part of the proof. */
function leaseOf(role: Role, driverName: string): string {
  const driver = driverName.replaceAll('.', '-');
  const names: Readonly<Record<Role, string>> = {
    'snapshot-controller': 'snapshot-controller-leader',
    'csi-snapshotter': `external-snapshotter-leader-${driver}`,
    'csi-provisioner': driver,
  };
  return names[role];
}

/** Every program that starts on it sees `host` as its host name. */
function onHost(stage: Stage, host: string): Stage {
  const script = 'hostname "$0"; exec "$@"';
  return {
    ...stage,
    start: (spec) => stage.start({ ...spec, file: UNSHARE, args: ['--uts', 'sh', '-c', script, host, spec.file, ...spec.args] }),
  };
}

export async function contest(plane: ControlPlane, driver: MockDriver, spec: ContestSpec): Promise<Takeover[]> {
  const { stage, kube } = plane;
  const signal = stage.broken;
  const before = plane.audit().length;
  const calls = (): AuditCall[] => plane.audit().slice(before);
  const scene = await openScene({ plane, driver, name: spec.name });
  const start = (place: Place): Promise<Map<Role, Program>> => startReplicas({ plane, driver, spec, place });
  const programs: Program[] = [];
  try {
    const leaders = await start('first');
    programs.push(...leaders.values());
    for (const role of ROLES) await untilHeld(plane, leaseOf(role, driver.name), `${spec.name}-first`);
    const standbys = await start('second');
    programs.push(...standbys.values());
    const looked = (role: Role) => (call: AuditCall) =>
      call.user === userOf(role, 'second') && call.verb === 'get' && call.name === leaseOf(role, driver.name);
    for (const role of ROLES) {
      const seen = (): true | undefined => (calls().some(looked(role)) ? true : undefined);
      await eventually(`${role} to stand by`, seen, { everyMs: AUDIT_EVERY_MS, signal });
    }
    await provision(scene, 'base');
    const work = keepBusy(scene);
    try {
      const rivalry = (role: Role): Rivalry => ({
        lease: leaseOf(role, driver.name),
        users: [userOf(role, 'first'), userOf(role, 'second')],
        calls: calls(),
      });
      const atWork = (role: Role, place: Place): Promise<true> =>
        eventually(
          `the ${place} ${role} at work`,
          () => (judge(rivalry(role)).reigns.some(({ user, writes }) => user === userOf(role, place) && writes > 0) ? true : undefined),
          { everyMs: AUDIT_EVERY_MS, signal },
        );
      for (const role of ROLES) await atWork(role, 'first');
      const endedMs = await end(leaders, spec.way);
      for (const role of ROLES) await atWork(role, 'second');
      if (spec.way === 'stop') for (const leader of leaders.values()) leader.signal('SIGCONT');
      const fates = new Map<Role, Ended>();
      for (const [role, leader] of leaders) fates.set(role, await leader.ended);
      return ROLES.map((role) => takeover({ role, spec, rivalry: rivalry(role), endedMs, old: fates.get(role) }));
    } finally {
      await work.stop();
    }
  } finally {
    await Promise.all(programs.map((program) => program.stop()));
    // The next contest starts without waiting for a lease that nobody gave back.
    for (const role of ROLES)
      await kube.delete(LEASES, { namespace: LEASE_NAMESPACE, name: leaseOf(role, driver.name) }).catch(() => undefined);
  }
}

interface ReplicaOptions {
  readonly plane: ControlPlane;
  readonly driver: MockDriver;
  readonly spec: ContestSpec;
  readonly place: Place;
}

async function startReplicas({ plane, driver, spec, place }: ReplicaOptions): Promise<Map<Role, Program>> {
  const { leaseSeconds, renewSeconds, retrySeconds } = spec.durations;
  const args = [
    '--leader-election',
    `--leader-election-namespace=${LEASE_NAMESPACE}`,
    `--leader-election-lease-duration=${leaseSeconds}s`,
    `--leader-election-renew-deadline=${renewSeconds}s`,
    `--leader-election-retry-period=${retrySeconds}s`,
  ];
  const stage = onHost(plane.stage, `${spec.name}-${place}`);
  const side = place === 'first' ? spec.leader : spec.standby;
  const started = new Map<Role, Program>();
  for (const role of ROLES) {
    const kubeconfig = plane.kubeconfigOf(userOf(role, place));
    started.set(role, await startProgram(stage, { role, side, kubeconfig, address: driver.address, args }));
  }
  return started;
}

/** The identity is the host name, with ours behind an underscore and what no other process has. */
async function untilHeld({ kube, stage }: ControlPlane, name: string, host: string): Promise<void> {
  const held = {
    what: `held by ${host}`,
    test: ({ spec }: { spec?: { holderIdentity?: string } }) => spec?.holderIdentity?.split('_')[0] === host,
    signal: stage.broken,
  };
  await kube.until(LEASES, { namespace: LEASE_NAMESPACE, name }, held);
}

/** A claim and a snapshot again and again, so that every role has something to write. */
function keepBusy(scene: Scene): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const loop = (async () => {
    for (let index = 0; !stopping.signal.aborted; index += 1) {
      await createClaim(scene, `claim-${index}`);
      await createSnapshot(scene, `snapshot-${index}`, 'base');
      await pause(WORK_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  // Told by `stop`; until then nobody listens.
  loop.catch(() => undefined);
  return {
    stop: () => {
      stopping.abort();
      return loop;
    },
  };
}

/** Answers when, by the clock that stamps the audit log too. */
async function end(leaders: ReadonlyMap<Role, Program>, way: Way): Promise<number> {
  const endedMs = Date.now();
  for (const leader of leaders.values()) {
    if (way === 'kill') void leader.kill();
    else leader.signal(way === 'terminate' ? 'SIGTERM' : 'SIGSTOP');
  }
  if (way === 'kill') for (const leader of leaders.values()) await leader.ended;
  return endedMs;
}

interface TakeoverInput {
  readonly role: Role;
  readonly spec: ContestSpec;
  readonly rivalry: Rivalry;
  readonly endedMs: number;
  readonly old: Ended | undefined;
}

function takeover({ role, spec, rivalry, endedMs, old = { code: null, signal: null } }: TakeoverInput): Takeover {
  const { reigns, usurpations } = judge(rivalry);
  const [first, second, third] = reigns;
  if (first === undefined || second === undefined) throw new Error(`${role}: nobody took over: ${JSON.stringify(reigns)}`);
  const faults = [...usurpations];
  if (third !== undefined) faults.push(`${third.user} led again after ${second.user}`);
  const sinceRenewalMs = second.fromMs - first.renewedMs;
  const gaveBack = spec.way === 'terminate' && spec.leader === 'ours';
  if (gaveBack) faults.push(...actsAfterLease(rivalry, first.user));
  else if (sinceRenewalMs < spec.durations.leaseSeconds * 1000)
    faults.push(`${second.user} took the lease ${sinceRenewalMs} ms after ${first.user} renewed it: too early`);
  if (gaveBack && old.code !== 0) faults.push(`told to end, the old leader ended with ${old.code ?? old.signal}`);
  return { role, ms: second.fromMs - endedMs, sinceRenewalMs, writes: [first.writes, second.writes], old, faults };
}
