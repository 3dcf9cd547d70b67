// The test layers, the least powerful first, and which files each one runs. The one place that says so: vitest.config.ts
// and `npm test` read it. A pattern is a file, or FOLDER/**/*.ENDING.
const SOURCES = [
  'lib',
  'snapshotter',
  'provisioner',
  'mock-driver',
  'sandbox',
  'csi-sidecars',
  'demo',
  'deploy',
  'proto',
  'harness',
  'images',
];

export const LAYERS = {
  pure: [
    ...SOURCES.map((folder) => `${folder}/**/*.test.ts`),
    'tools/**/*.test.mjs',
    'test/pure/**/*.test.ts',
    'test/bench/**/*.test.ts',
    'test/architecture.test.ts',
  ],
  simulation: ['test/simulation/**/*.test.ts'],
  component: ['test/component/**/*.test.ts', 'test/conformance/sandbox.test.ts'],
  real: ['test/real/**/*.test.ts', 'test/conformance/real.test.ts'],
  node: ['test/node/**/*.test.ts'],
};

/** What it needs is built and installed where it is asked for by name; else its tests say what is missing, and are skipped. */
export const READY_OR_SKIPPED = ['node'];

/** Does the layer run this file? `file` is relative to the repository. */
export function layerHas(layer, file) {
  return LAYERS[layer].some((pattern) => {
    const [folder, ending] = pattern.split('/**/*');
    return ending === undefined ? file === pattern : file.startsWith(`${folder}/`) && file.endsWith(ending);
  });
}
