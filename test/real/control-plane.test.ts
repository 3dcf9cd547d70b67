import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ControlPlane } from './control-plane.ts';
import { startControlPlane } from './control-plane.ts';

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
