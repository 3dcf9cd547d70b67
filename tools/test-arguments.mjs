// The command line of `npm test`, read without touching anything: words and the names of all test files in, a plan or a fault out.
import { layerHas, LAYERS, READY_OR_SKIPPED } from './layers.mjs';

const NAMES = Object.keys(LAYERS);

export const USAGE = `usage: npm test -- [--layer=${NAMES.join(',')}] [FILE… [-t NAME]]`;

/**
 * `{ layers, files, name, unasked }`, or `{ fault }` with one sentence. `unasked`: layers that only run where they are ready.
 *
 * A word is a file, or a folder, or else a part of a path: it picks every test file that it fits, and only the layers that have
 * one are run. Without such words `files` is empty and all layers are run whole, or those of `--layer`. `name` is what `-t`
 * gave: only tests whose name contains it are run.
 */
export function readArguments(words, testFiles) {
  const wanted = [];
  let asked;
  let name;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index];
    if (word.startsWith('--layer=')) asked = [...(asked ?? []), ...word.slice('--layer='.length).split(',')];
    else if (word === '-t') {
      index += 1;
      name = words[index];
      if (name === undefined || name === '') return { fault: '-t needs the name of a test, or a part of it' };
    } else if (word.startsWith('-')) return { fault: `unknown argument ${word}` };
    else wanted.push(word.replace(/^\.\//, '').replace(/\/$/, ''));
  }
  const stranger = asked?.find((layer) => !NAMES.includes(layer));
  if (stranger !== undefined) return { fault: `unknown layer ${JSON.stringify(stranger)}` };
  if (name !== undefined && wanted.length === 0) return { fault: '-t needs a FILE to look for the test in' };
  const layers = NAMES.filter((layer) => asked?.includes(layer) ?? true);
  const offered = testFiles.filter((file) => layers.some((layer) => layerHas(layer, file)));
  const unmatched = wanted.find((word) => filesLike(word, offered).length === 0);
  if (unmatched !== undefined) return { fault: `no test file of ${layers.join(', ')} has ${JSON.stringify(unmatched)} in its path` };
  const files = [...new Set(wanted.flatMap((word) => filesLike(word, offered)))];
  const needed = wanted.length === 0 ? layers : layers.filter((layer) => files.some((file) => layerHas(layer, file)));
  const unasked = asked === undefined && wanted.length === 0 ? READY_OR_SKIPPED : [];
  return { layers: needed, files, name, unasked };
}

/** A word that is a file or a folder means just that; `snapshotter` is not also `test/component/snapshotter.test.ts`. */
function filesLike(word, files) {
  const exact = files.filter((file) => file === word || file.startsWith(`${word}/`));
  return exact.length > 0 ? exact : files.filter((file) => file.includes(word));
}
