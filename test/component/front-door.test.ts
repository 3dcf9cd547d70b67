/** The first words of a person to the built program. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { programFile } from '../../demo/world.ts';

interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function say(words: readonly string[], file = programFile('csi-sidecars')): Answer {
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...words], { encoding: 'utf8', timeout: 60_000 });
  return { status, stdout, stderr };
}

test('a mistyped verb is a usage error that offers the nearest one, and starts nothing', () => {
  expect(say(['install-crd', '--kubeconfig=/nowhere'])).toEqual({
    status: 2,
    stdout: '',
    stderr: expect.stringMatching(/^csi-sidecars: unknown verb "install-crd": did you mean install-crds\?.*\n$/),
  });
  expect(say(['--v=1', 'doctor'])).toMatchObject({ status: 2, stderr: expect.stringContaining('a verb comes first') });
});

test('help is one screen on standard output, also as a kubectl plugin without a word; the flags are a page of their own', () => {
  const help = say(['--help']);
  expect(help).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^csi-sidecars: /) });
  expect(say(['help']).stdout).toBe(help.stdout);
  expect(say(['--help=flags'])).toMatchObject({ status: 0, stdout: expect.stringContaining('csi-snapshotter, csi-provisioner:\n') });
  const folder = mkdtempSync(join(tmpdir(), 'front-door-'));
  try {
    const plugin = join(folder, 'kubectl-csi');
    symlinkSync(programFile('csi-sidecars'), plugin);
    expect(say([], plugin)).toEqual(help);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a verb says what went wrong in a line, without a stack', () => {
  for (const verb of [['doctor'], ['explain', 'pvc/data'], ['install-crds']]) {
    const { status, stderr } = say([...verb, '--kubeconfig=/nowhere/kubeconfig']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^[a-z-]+: kubeconfig \/nowhere\/kubeconfig cannot be read \(ENOENT\).*\n$/);
  }
});

test('a driver address that can be none is refused before anything is started', () => {
  const { status, stderr } = say(['--csi-address=tcp://127.0.0.1:99']);
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(/^csi-sidecars: --csi-address="tcp.*absolute path.*\n$/) });
});
