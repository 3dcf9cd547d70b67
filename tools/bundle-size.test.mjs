import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist');
const IMPORT = /^(?:import|export)\s[^;]*?from\s*"(\.[^"]+)"|^import\s*"(\.[^"]+)"/gm;

/** The program and what it loads before its first line runs; what it imports later, if at all, does not count. */
function loadedAtStart(program) {
  const files = new Map();
  const load = (file) => {
    if (files.has(file)) return;
    const text = readFileSync(file, 'utf8');
    files.set(file, Buffer.byteLength(text));
    for (const [, from, bare] of text.matchAll(IMPORT)) load(join(dirname(file), from ?? bare));
  };
  load(join(dist, `${program}.mjs`));
  return [...files.values()].reduce((sum, bytes) => sum + bytes, 0) / 1024;
}

// KiB. Code that is loaded is memory and time of every start: a dependency that comes in unseen shows here.
test.each([
  ['snapshot-controller', 2300],
  ['csi-snapshotter', 2250],
  ['csi-provisioner', 2400],
  ['csi-sidecars', 3000],
])('%s loads no more than %i KiB when it starts', (program, most) => {
  const size = loadedAtStart(program);
  expect(size).toBeLessThanOrEqual(most);
  // Half of it would mean that the imports are no longer found.
  expect(size).toBeGreaterThan(most / 2);
});
