import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { openStage } from '../../harness/stage.ts';
import { binary, KUBERNETES_VERSION, moduleFolder, realLayerProblem } from '../../harness/real/binaries.ts';

const stage = openStage('binaries');
afterEach(() => vi.unstubAllEnvs());
afterAll(() => stage.close());

/** A folder as envtest lays it out, with programs that only tell a version. */
function assets(name: string, programs: Readonly<Record<string, string>>): void {
  const folder = join(stage.dir, name);
  mkdirSync(folder);
  for (const [program, version] of Object.entries(programs)) {
    writeFileSync(join(folder, program), `#!/bin/sh\necho "Kubernetes ${version}"\n`);
    chmodSync(join(folder, program), 0o755);
  }
  vi.stubEnv('KUBEBUILDER_ASSETS', folder);
}

test('this machine can run the layer', () => {
  expect(realLayerProblem()).toBeUndefined();
});

test('a machine without go cannot, and the reason says what is needed', () => {
  vi.stubEnv('PATH', stage.dir);
  expect(realLayerProblem()).toBe('Go ≥ 1.26 is needed and no go program was found');
});

test('KUBEBUILDER_ASSETS is taken binary by binary, and another version is named', async () => {
  assets('assets', { 'kube-apiserver': KUBERNETES_VERSION, kubectl: 'v1.31.0' });
  const lines: string[] = [];
  const report = (line: string): void => {
    lines.push(line);
  };
  expect(await binary('kube-apiserver', { report })).toBe(join(stage.dir, 'assets', 'kube-apiserver'));
  expect(lines).toEqual([]);
  expect(await binary('kubectl', { report })).toBe(join(stage.dir, 'assets', 'kubectl'));
  expect(lines).toEqual([`real: kubectl v1.31.0 of KUBEBUILDER_ASSETS is used (the suite was written for ${KUBERNETES_VERSION})`]);
  expect(await binary('etcd', { report })).not.toContain('assets');
});

test('what is kept is not built again, and a lock of a dead run is taken over', async () => {
  const cache = join(stage.dir, 'cache');
  // Go keeps its build cache below the same variable; only ours is to be empty.
  vi.stubEnv('GOCACHE', execFileSync('go', ['env', 'GOCACHE'], { encoding: 'utf8' }).trim());
  vi.stubEnv('XDG_CACHE_HOME', cache);
  mkdirSync(join(cache, 'csi-sidecars/real'), { recursive: true });
  // Process ids end far below this.
  writeFileSync(join(cache, 'csi-sidecars/real/lock'), '2147483646');
  const lines: string[] = [];
  const report = (line: string): void => {
    lines.push(line);
  };
  const file = await binary('csi-sanity', { report });
  expect(existsSync(file)).toBe(true);
  expect(lines[0]).toBe('real: building csi-sanity …');
  expect(lines[1]).toMatch(/^real: built csi-sanity in \d+\.\d s$/);
  expect(await binary('csi-sanity', { report })).toBe(file);
  expect(lines).toHaveLength(2);
  expect(existsSync(join(cache, 'csi-sidecars/real/lock'))).toBe(false);
});

test('a module’s source has upstream’s manifests', () => {
  const folder = moduleFolder('snapshotter', 'github.com/kubernetes-csi/external-snapshotter/client/v8');
  expect(readdirSync(join(folder, 'config/crd'))).toContain('snapshot.storage.k8s.io_volumesnapshots.yaml');
});
