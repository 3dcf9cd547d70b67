import { defineConfig } from 'vitest/config';

const sources = ['lib', 'snapshotter', 'provisioner', 'mock-driver', 'sandbox', 'csi-sidecars', 'demo', 'deploy', 'tools', 'proto'];

/** Four layers, the least powerful first (design §5.10). `npm test -- --layer=NAME` runs one. */
export default defineConfig({
  test: {
    // Unless told, the runner leaves one core idle: half the machine where there are two.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'pure',
          include: [
            ...sources.map((folder) => `${folder}/**/*.test.ts`),
            'test/architecture.test.ts',
            'test/harness/**/*.test.ts',
            'test/pure/**/*.test.ts',
          ],
          pool: 'threads',
          isolate: false,
          testTimeout: 60_000,
        },
      },
      {
        test: { name: 'simulation', include: ['test/simulation/**/*.test.ts'], pool: 'threads', isolate: false, testTimeout: 600_000 },
      },
      {
        test: {
          name: 'component',
          include: ['test/component/**/*.test.ts', 'test/conformance/sandbox.test.ts'],
          pool: 'forks',
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'real',
          include: ['test/real/**/*.test.ts', 'test/conformance/real.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 1_800_000,
        },
      },
    ],
  },
});
