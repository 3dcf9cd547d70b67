/**
 * One process with all roles does the same job as three programs, and what each costs: resident memory and
 * the time from start to synced caches, printed. No bound on either: machines differ.
 */
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exampleFile } from '../../demo/manifests.ts';
import type { World } from '../../demo/world.ts';
import { installWorldCrds, openSandboxWorld, readLedger, serverOf, SIDECARS, startDriver, startProgram } from '../../demo/world.ts';
import type { PersistentVolumeClaim, VolumeSnapshot } from '../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import { writeKubeconfig } from '../../harness/kubeconfig.ts';
import { startLoopbackProxy } from '../../harness/loopback-proxy.ts';
import { startSocksProxy } from '../../harness/socks-proxy.ts';
import type { Program } from '../../harness/stage.ts';
import { eventually } from '../../harness/wait.ts';
import { freePort } from '../../harness/free-port.ts';

const namespace = 'default';
let world: World;

beforeAll(async () => {
  world = await openSandboxWorld('one-process');
  await installWorldCrds(world, world.stage.broken);
  await startDriver(world);
  await world.apply(exampleFile('10'));
});
afterAll(() => world.close());

interface Figures {
  readonly program: string;
  readonly syncedMs: number;
  readonly residentMiB: number;
}

interface Started {
  readonly program: Program;
  readonly syncedMs: number;
  /** Of its own HTTP server. */
  readonly url: string;
}

/** Starts it and answers once /readyz says that nothing is waited for. */
async function startAndSync(
  name: string,
  flags: readonly string[],
  { host = '127.0.0.1', kubeconfig = world.kubeconfig } = {},
): Promise<Started> {
  const address = `${host}:${await freePort()}`;
  const started = performance.now();
  const usual = [`--kubeconfig=${kubeconfig}`, `--http-endpoint=${address}`];
  const program = startProgram(world.stage, name, { flags: [...usual, ...flags] });
  const url = `http://${address}`;
  const isReady = async (): Promise<true | undefined> => ((await fetch(`${url}/readyz`)).status === 200 ? true : undefined);
  await eventually(`${name} to be ready`, isReady, { everyMs: 10, signal: world.stage.broken });
  return { program, syncedMs: Math.round(performance.now() - started), url };
}

async function residentMiB({ url }: Started): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Math.round(Number(/^process_resident_memory_bytes (\S+)$/m.exec(metrics)?.[1]) / 2 ** 20);
}

/** The main job without Pods: claim, snapshot, restore, delete; nothing left. */
async function mainJob(): Promise<void> {
  const { kube, stage } = world;
  const signal = stage.broken;
  const bound = { what: 'bound', test: ({ status }: PersistentVolumeClaim) => status?.phase === 'Bound', signal };
  const ready = { what: 'ready', test: ({ status }: VolumeSnapshot) => status?.readyToUse === true, signal };
  await world.apply(exampleFile('20'));
  await kube.until(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'data' }, bound);
  await world.apply(exampleFile('40'));
  await kube.until(VOLUME_SNAPSHOTS, { namespace, name: 'data-snapshot' }, ready);
  await world.apply(exampleFile('50'));
  await kube.until(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'data-restored' }, bound);
  expect(await readLedger(world)).toEqual({ volumes: 2, snapshots: 1 });
  await kube.delete(VOLUME_SNAPSHOTS, { namespace, name: 'data-snapshot' });
  for (const name of ['data-restored', 'data']) await kube.delete(PERSISTENT_VOLUME_CLAIMS, { namespace, name });
  const gone = async (list: () => Promise<unknown[]>): Promise<true | undefined> => ((await list()).length === 0 ? true : undefined);
  await eventually('the contents to go', () => gone(() => kube.list(VOLUME_SNAPSHOT_CONTENTS)), { signal });
  await eventually('the volumes to go', () => gone(() => kube.list(PERSISTENT_VOLUMES)), { signal });
  expect(await readLedger(world)).toEqual({ volumes: 0, snapshots: 0 });
}

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'));

test.skipIf(!hasIpv6)('a control plane and probes that have an IPv6 address alone', async () => {
  const proxy = await startLoopbackProxy(Number(new URL(serverOf(world.kubeconfig)).port), '::1');
  try {
    const server = `http://[::1]:${proxy.port}`;
    const kubeconfig = writeKubeconfig(join(world.stage.dir, 'kubeconfig-ipv6'), { server });
    const roles = [`--roles=${SIDECARS.join(',')}`, `--csi-address=${world.stage.dir}/csi.sock`];
    const { program, url } = await startAndSync('csi-sidecars', roles, { host: '[::1]', kubeconfig });
    await mainJob();
    expect((await fetch(`${url}/metrics`)).status).toBe(200);
    expect(proxy.connections()).toBeGreaterThan(0);
    expect(await program.stop()).toEqual({ code: 0, signal: null });
  } finally {
    proxy.close();
  }
});

test('a control plane behind a SOCKS5 proxy', async () => {
  const proxy = await startSocksProxy();
  try {
    const port = new URL(serverOf(world.kubeconfig)).port;
    const kubeconfig = writeKubeconfig(join(world.stage.dir, 'kubeconfig-socks'), {
      server: `http://api.bastion.test:${port}`,
      proxyUrl: `socks5://127.0.0.1:${proxy.port}`,
    });
    const { program } = await startAndSync('csi-sidecars', ['--roles=snapshot-controller'], { kubeconfig });
    expect(new Set(proxy.asked)).toEqual(new Set([`name api.bastion.test port ${port}`]));
    expect(await program.stop()).toEqual({ code: 0, signal: null });
  } finally {
    proxy.close();
  }
});

test('three programs and one process with all roles do the same job; their memory and start-up are printed', async () => {
  const address = `--csi-address=${world.stage.dir}/csi.sock`;
  const figures: Figures[] = [];
  const measure = async (programs: readonly { readonly name: string; readonly flags: readonly string[] }[]): Promise<void> => {
    const running: Started[] = [];
    // One after the other: each start is measured alone.
    for (const { name, flags } of programs) running.push(await startAndSync(name, flags));
    await mainJob();
    for (const started of running)
      figures.push({ program: started.program.name, syncedMs: started.syncedMs, residentMiB: await residentMiB(started) });
    for (const { program } of running) expect(await program.stop(), program.name).toEqual({ code: 0, signal: null });
  };
  await measure(SIDECARS.map((name) => ({ name, flags: name === 'snapshot-controller' ? [] : [address] })));
  await measure([{ name: 'csi-sidecars', flags: [`--roles=${SIDECARS.join(',')}`, address] }]);

  const lines = figures.map(
    ({ program, syncedMs, residentMiB: mib }) => `${program.padEnd(20)} ${String(syncedMs).padStart(6)} ms ${String(mib).padStart(6)} MiB`,
  );
  const three = figures.slice(0, 3).reduce((sum, { residentMiB: mib }) => sum + mib, 0);
  console.log(
    [
      'start to synced, resident after the job:',
      ...lines,
      `${'three programs'.padEnd(20)} ${' '.repeat(9)} ${String(three).padStart(6)} MiB`,
    ].join('\n'),
  );
  expect(figures).toHaveLength(4);
  const [one] = figures.slice(3);
  expect(one?.residentMiB).toBeGreaterThan(0);
  expect(one?.residentMiB, 'one process needs less than three').toBeLessThan(three);
});
