/**
 * `npm run verify -- idle`: nothing happens for long, and what is idle stays quiet and alive. Ten virtual hours by
 * seed with cut and silent watches, expired versions, restarts and new tokens; then real processes with five settled sets, whose
 * requests are counted by program, while watches are cut, the token rotates, versions expire and the server restarts.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { PersistentVolumeClaim, VolumeSnapshot } from '../../lib/kube/objects.ts';
import { LEASES, PERSISTENT_VOLUME_CLAIMS, STORAGE_CLASSES, VOLUME_SNAPSHOT_CLASSES, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import { FAULTS_PATH, type FaultOrder } from '../../sandbox/serve.ts';
import { installCrds, readCrds } from '../../harness/crds.ts';
import { type Kube, openKube } from '../../harness/kube.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import { openRawClient, type RawClient } from '../../harness/raw-http.ts';
import { openStage, type Program, type Stage } from '../../harness/stage.ts';
import { eventually } from '../../harness/wait.ts';
import { ROLES, startProgram } from '../real/programs.ts';
import { runScenario } from '../simulation/run.ts';
import { LONG_IDLE } from '../simulation/scenarios/directed.ts';
import { claim, snapshot, snapshotClass, storageClass } from '../simulation/manifests.ts';
import { type IdleServer, openIdleServer, type SeenRequest } from './idle-server.ts';
import type { VerificationOptions, VerificationResult } from './verification.ts';
import { openEntries } from '../../harness/journal-entries.ts';

export const name = 'idle';

const SEEDS = { ci: 3, full: 50 } as const;
const REAL_SECONDS = { ci: 10, full: 60 } as const;
const SETS = 5;
const namespace = 'default';
/** The server stays away this long when it restarts. */
const RESTART_MS = 1000;
/** Of a program with nothing to do and no disturbance: a list or a watch that ends by itself now and then. */
const MOST_PER_MINUTE = 12;
/** After one disturbance: a refusal, a list and a watch for each of a handful of kinds, not a loop. */
const MOST_PER_DISTURBANCE = 60;
/** An idle program does not grow; this much is the noise of garbage collection. */
const MOST_GROWTH_MIB = 32;

export async function run({ size, log }: VerificationOptions): Promise<VerificationResult> {
  const virtual = await runVirtual(SEEDS[size], log);
  const real = await runReal(REAL_SECONDS[size], log);
  return { ok: virtual.faults.length + real.faults.length === 0, virtual, real };
}

interface VirtualFigures {
  readonly seeds: number;
  readonly virtualHours: number;
  readonly faults: readonly string[];
}

async function runVirtual(seeds: number, log: (line: string) => void): Promise<VirtualFigures> {
  const faults: string[] = [];
  let virtualMs = 0;
  for (let seed = 1; seed <= seeds; seed += 1) {
    const result = await runScenario({ scenario: LONG_IDLE, seed });
    virtualMs += result.virtualMs;
    if (seed % 10 === 0) log(`${seed} of ${seeds} seeds`);
    for (const violation of result.violations) faults.push(`${LONG_IDLE.name}, seed ${seed}: ${violation.message}`);
  }
  const virtualHours = Math.round(virtualMs / 3_600_000);
  log(`${seeds} seeds, ${virtualHours} virtual hours, ${faults.length} violations`);
  for (const fault of faults) log(`  ${fault}`);
  return { seeds, virtualHours, faults };
}

interface RealFigures {
  readonly seconds: number;
  /** Requests per minute by program: left alone, and while disturbed. */
  readonly calm: Readonly<Record<string, number>>;
  readonly disturbed: Readonly<Record<string, number>>;
  readonly residentMiB: Readonly<Record<string, readonly [number, number]>>;
  readonly faults: readonly string[];
}

async function runReal(seconds: number, log: (line: string) => void): Promise<RealFigures> {
  const stage = openStage('idle');
  try {
    const server = await openIdleServer();
    stage.defer(() => server.close());
    const raw = openRawClient({ server: server.url });
    stage.defer(() => raw.close());
    const kube = openKube(raw);
    await installCrds(raw, readCrds());
    const { programs, rotate } = await startPrograms(stage, server);
    await kube.create(STORAGE_CLASSES, storageClass('fast'));
    await kube.create(VOLUME_SNAPSHOT_CLASSES, snapshotClass('snap'));
    for (let index = 0; index < SETS; index += 1) await settleSet(kube, stage, `set-${index}`);
    await eventually('no entry left in the journal', async () => (openEntries(await kube.list(LEASES)).length === 0 ? true : undefined));
    const faults: string[] = [];
    const before = residentMiB(programs);

    const calm = await counted(server, () => pause((seconds * 1000) / 2));
    const ways: Record<string, () => Promise<void>> = {
      'watches are reset': () => order(raw, { cutWatches: { how: 'reset' } }),
      'the token is rotated, the old one refused': async () => {
        rotate();
        await order(raw, { cutWatches: { how: 'end' } });
      },
      'the server restarts': () => server.restart(() => pause(RESTART_MS)),
      'versions expire and watches end': () => order(raw, { expireVersions: true, cutWatches: { how: 'end' } }),
    };
    const share = (seconds * 1000) / 2 / Object.keys(ways).length;
    const disturbed = await counted(server, async () => {
      for (const [title, disturb] of Object.entries(ways)) {
        const one = await counted(server, async () => {
          await disturb();
          await pause(share);
        });
        log(`${title}: ${told(one.requests)}`);
        for (const role of ROLES) {
          const count = one.requests.filter(({ agent }) => agent === role).length;
          if (count > MOST_PER_DISTURBANCE) faults.push(`${role}: ${count} requests after "${title}", at most ${MOST_PER_DISTURBANCE}`);
        }
      }
    });

    for (const [title, { requests }] of Object.entries({ calm, disturbed }))
      for (const { agent, what } of requests.filter(({ kind }) => kind === 'write'))
        faults.push(`${agent} wrote (${what}) while nothing was to do (${title})`);
    for (const [agent, rate] of Object.entries(calm.perMinute))
      if (rate > MOST_PER_MINUTE) faults.push(`${agent}: ${rate} requests per minute while left alone, at most ${MOST_PER_MINUTE}`);
    await settleSet(kube, stage, 'afterwards');
    log('a claim, its snapshot and a restored claim are served afterwards');
    const after = residentMiB(programs);
    const resident: Record<string, [number, number]> = {};
    for (const [role, from] of Object.entries(before)) {
      const to = after[role] ?? Number.NaN;
      resident[role] = [from, to];
      if (!(to - from <= MOST_GROWTH_MIB)) faults.push(`${role} grew from ${from} to ${to} MiB`);
      log(
        `${role.padEnd(20)} ${calm.perMinute[role] ?? 0} requests per minute left alone, ${disturbed.perMinute[role] ?? 0} disturbed; resident ${from} MiB before, ${to} after`,
      );
    }
    for (const fault of faults) log(`  ${fault}`);
    return { seconds, calm: calm.perMinute, disturbed: disturbed.perMinute, residentMiB: resident, faults };
  } finally {
    await stage.close();
  }
}

interface RunningPrograms {
  readonly programs: ReadonlyMap<string, Program>;
  /** A new token in the file; the old one is refused from now on. */
  readonly rotate: () => void;
}

async function startPrograms(stage: Stage, server: IdleServer): Promise<RunningPrograms> {
  const driver = await startMockDriver(stage);
  const tokenFile = join(stage.dir, 'token');
  let turn = 0;
  const rotate = (): void => {
    turn += 1;
    const token = `token-${turn}`;
    // Renamed into place, as the kubelet does: nobody reads half of it.
    writeFileSync(`${tokenFile}.new`, token, { mode: 0o600 });
    renameSync(`${tokenFile}.new`, tokenFile);
    server.accept(token);
  };
  rotate();
  const kubeconfig = join(stage.dir, 'kubeconfig');
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'idle', cluster: { server: server.url } }],
    users: [{ name: 'idle', user: { tokenFile } }],
    contexts: [{ name: 'idle', context: { cluster: 'idle', user: 'idle' } }],
    'current-context': 'idle',
  };
  writeFileSync(kubeconfig, JSON.stringify(content), { mode: 0o600 });
  const env = { POD_NAMESPACE: 'kube-system' };
  const programs = new Map<string, Program>();
  for (const role of ROLES) programs.set(role, await startProgram(stage, { role, side: 'ours', kubeconfig, address: driver.address, env }));
  return { programs, rotate };
}

/** A claim, a snapshot of it, and a claim restored from that. */
async function settleSet(kube: Kube, stage: Stage, set: string): Promise<void> {
  const signal = stage.broken;
  const bound = { what: 'bound', test: ({ status }: PersistentVolumeClaim) => status?.phase === 'Bound', signal };
  const ready = { what: 'ready', test: ({ status }: VolumeSnapshot) => status?.readyToUse === true, signal };
  await kube.create(PERSISTENT_VOLUME_CLAIMS, claim(set));
  await kube.until(PERSISTENT_VOLUME_CLAIMS, { namespace, name: set }, bound);
  await kube.create(VOLUME_SNAPSHOTS, snapshot(set, set));
  await kube.until(VOLUME_SNAPSHOTS, { namespace, name: set }, ready);
  await kube.create(PERSISTENT_VOLUME_CLAIMS, claim(`${set}-restored`, { fromSnapshot: set }));
  await kube.until(PERSISTENT_VOLUME_CLAIMS, { namespace, name: `${set}-restored` }, bound);
}

async function order(raw: RawClient, body: FaultOrder): Promise<void> {
  const { status, text } = await raw.request({ method: 'POST', path: FAULTS_PATH, body: JSON.stringify(body) });
  if (status !== 200) throw new Error(`the sandbox refused a fault: ${status} ${text}`);
}

interface Counted {
  readonly requests: readonly SeenRequest[];
  readonly perMinute: Readonly<Record<string, number>>;
}

async function counted(server: IdleServer, act: () => Promise<void>): Promise<Counted> {
  const [from, began] = [server.seen.length, performance.now()];
  await act();
  const minutes = (performance.now() - began) / 60_000;
  const requests = server.seen.slice(from);
  const perMinute: Record<string, number> = {};
  for (const { agent } of requests) perMinute[agent] = (perMinute[agent] ?? 0) + 1;
  for (const agent of Object.keys(perMinute)) perMinute[agent] = Math.round(((perMinute[agent] ?? 0) / minutes) * 10) / 10;
  return { requests, perMinute };
}

function told(requests: readonly SeenRequest[]): string {
  const counts = new Map<string, number>();
  for (const { agent, kind } of requests) counts.set(`${agent} ${kind}`, (counts.get(`${agent} ${kind}`) ?? 0) + 1);
  return counts.size === 0 ? 'no requests' : [...counts].map(([key, count]) => `${key} ×${count}`).join(', ');
}

function residentMiB(programs: ReadonlyMap<string, Program>): Record<string, number> {
  const entries = [...programs].map(([role, { pid }]): [string, number] => {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return [role, Math.round(Number(kib) / 1024)];
  });
  return Object.fromEntries(entries);
}
