import { defineConfig } from 'vitest/config';
import { LAYERS } from './tools/layers.mjs';

const setupFiles = ['./harness/no-leaked-listeners.ts'];

/** Five layers, the least powerful first. `npm test -- --layer=NAME` runs one; tools/layers.mjs says which files each has. */
export default defineConfig({
  test: {
    // Unless told, the runner leaves one core idle: half the machine where there are two.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'pure',
          setupFiles,
          include: LAYERS.pure,
          pool: 'threads',
          isolate: false,
          // The whole layer takes a few seconds: who hangs is to be named soon.
          testTimeout: 20_000,
        },
      },
      { test: { name: 'simulation', setupFiles, include: LAYERS.simulation, pool: 'threads', isolate: false, testTimeout: 600_000 } },
      {
        test: {
          name: 'component',
          setupFiles,
          include: LAYERS.component,
          pool: 'forks',
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'real',
          setupFiles,
          include: LAYERS.real,
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 1_800_000,
        },
      },
      { test: { name: 'node', setupFiles, include: LAYERS.node, pool: 'forks', fileParallelism: false, testTimeout: 1_800_000 } },
    ],
  },
});
