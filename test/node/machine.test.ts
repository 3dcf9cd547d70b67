/** The comparison of the machine before and after a node: each thing that could be left is planted and told. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { notReady } from '../../harness/node/ready.ts';
import { readMachine, restoreMachine } from '../../harness/node/machine.ts';
import { openStage } from '../../harness/stage.ts';
import { eventually } from '../../harness/wait.ts';

const problem = notReady();
if (problem !== undefined) console.log(`node: not run: ${problem}`);

test.skipIf(problem !== undefined)('a mount, a loop device, a cgroup, a folder and a process in other namespaces are told', async () => {
  const stage = openStage('machine');
  const before = readMachine();
  const file = join(stage.dir, 'file');
  writeFileSync(file, Buffer.alloc(4096));
  const loop = execFileSync('losetup', ['--find', '--show', file], { encoding: 'utf8' }).trim();
  const cgroup = join(['/sys/fs/cgroup/pids', '/sys/fs/cgroup'].find((folder) => existsSync(folder)) ?? '', `kubepods-${process.pid}`);
  const point = join(stage.dir, 'point');
  // A machine that is a node has the folder in use.
  const planted = before.folders.length === 0 ? ['/var/lib/kubelet/pods'] : [];
  const inside = spawn('unshare', ['--pid', '--fork', '--kill-child', 'sleep', '600'], { stdio: 'ignore' });
  try {
    mkdirSync(cgroup);
    writeFileSync(join(cgroup, 'cgroup.procs'), String(inside.pid));
    mkdirSync(point);
    execFileSync('mount', ['--bind', point, point]);
    for (const folder of planted) mkdirSync(folder, { recursive: true });
    const told = await eventually('the process to run', () => {
      const lines = restoreMachine(before);
      return lines.some((line) => line.startsWith('processes: ')) ? lines : undefined;
    });
    expect(told).toContainEqual(expect.stringMatching(/^processes: \d+ (unshare|sleep)$/));
    expect(told).toContainEqual(expect.stringMatching(new RegExp(`^loops: ${loop} `)));
    expect(told).toContainEqual(expect.stringContaining(`mounts: `));
    expect(told).toContain(`cgroups: ${cgroup}`);
    expect(told.filter((line) => line.startsWith('folders: '))).toEqual(planted.map((folder) => `folders: ${dirname(folder)}`));
  } finally {
    inside.kill('SIGKILL');
    for (const folder of planted) rmSync(folder, { recursive: true, force: true });
    spawnSync('umount', [point]);
    execFileSync('losetup', ['--detach', loop]);
    await stage.close();
  }
  expect(await eventually('the process to end', () => (restoreMachine(before).length === 0 ? true : undefined))).toBe(true);
});
