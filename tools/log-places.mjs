// The build writes its place in front of each call of the log, as `log.at?.('csi/connection.ts:126')`: klog and
// component-base name file and line, and a stack at run time would know only those of the bundle.
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

// A receiver of plain names that ends in `log`; whatever else it may be has no place, and works as written.
const CALL = /(?<![\w.#)\]?!])((?:#?\w+\.)*#?log)\.(error|warn|info|debug)\(/g;

/** One line for one line, so that the lines below keep their numbers. */
export function withPlaces(text, file) {
  const name = join(basename(dirname(file)), basename(file));
  return text
    .split('\n')
    .map((line, at) => line.replace(CALL, (_, log, method) => `(${log}.at?.(${JSON.stringify(`${name}:${at + 1}`)}) ?? ${log}).${method}(`))
    .join('\n');
}

/** For esbuild, over the folders whose code runs in the programs that have such a log. */
export const logPlaces = {
  name: 'log-places',
  setup(build) {
    build.onLoad({ filter: /\/(?:lib|snapshotter|provisioner|csi-sidecars)\/[^?]*\.ts$/ }, ({ path }) => {
      if (path.includes('node_modules')) return undefined;
      return { contents: withPlaces(readFileSync(path, 'utf8'), path), loader: 'ts' };
    });
  },
};
