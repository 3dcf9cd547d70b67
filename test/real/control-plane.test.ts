import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openKube, RefusedError } from '../../harness/kube.ts';
import { openRawClient } from '../../harness/raw-http.ts';
import { repositoryRoot } from '../../harness/repository.ts';
import { eventually } from '../../harness/wait.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import { NAMESPACES } from './main-job.ts';

let plane: ControlPlane;
beforeAll(async () => {
  const started = performance.now();
  plane = await startControlPlane({ audit: true, users: [{ name: 'nobody', groups: [] }] });
  process.stdout.write(`control plane up in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
});
afterAll(() => plane.stop());

test('kubectl lists the namespaces of a fresh control plane', async () => {
  const { stdout, code } = await plane.kubectl(['get', 'namespaces', '-o', 'name']);
  expect(code).toBe(0);
  expect(stdout).toContain('namespace/kube-system');
});

test('a user without rights is refused, and the audit log says so', async () => {
  const raw = openRawClient(plane.endpointOf('nobody'));
  await expect(openKube(raw).list(NAMESPACES)).rejects.toThrow(RefusedError);
  raw.close();
  expect(plane.audit()).toContainEqual(
    expect.objectContaining({ user: 'nobody', agent: 'test-harness', verb: 'list', resource: 'namespaces', code: 403 }),
  );
});

test('a ServiceAccount gets a kubeconfig that works', async () => {
  expect((await plane.kubectl(['create', 'serviceaccount', 'somebody', '--namespace=default'])).code).toBe(0);
  const kubeconfig = await plane.asServiceAccount('default', 'somebody');
  const { stdout } = await plane.kubectl(['--kubeconfig', kubeconfig, 'auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}']);
  expect(stdout).toBe('system:serviceaccount:default:somebody');
});

/** A runner of its own that says what it started, and then waits to be killed. */
async function bundledRunner(file: string): Promise<void> {
  const root = repositoryRoot();
  const contents = `
    import { openStage } from './harness/stage.ts';
    const stage = openStage('killed');
    const program = stage.start({ name: 'sleeper', file: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'] });
    console.log(JSON.stringify({ pid: program.pid, dir: stage.dir }));
    setInterval(() => {}, 1000);
  `;
  await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: file,
    logLevel: 'silent',
  });
}

/** Running, and no corpse that waits for its parent. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('a runner that is killed leaves neither a process nor a folder behind', async () => {
  const file = join(plane.stage.dir, 'runner.mjs');
  await bundledRunner(file);
  const runner = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: runner.stdout })[Symbol.asyncIterator]();
  const { pid, dir } = JSON.parse(String((await lines.next()).value)) as { pid: number; dir: string };
  expect([isAlive(pid), existsSync(dir)]).toEqual([true, true]);
  runner.kill('SIGKILL');
  await eventually('process and folder to go', () => (!isAlive(pid) && !existsSync(dir) ? true : undefined), { timeoutMs: 20_000 });
});
