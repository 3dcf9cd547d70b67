// The command line of `npm test`, read without touching anything: words and the names of all test files in, a plan or a fault out.
import { layerHas, LAYERS } from './layers.mjs';

const NAMES = Object.keys(LAYERS);

export const USAGE = `usage: npm test -- [--layer=${NAMES.join(',')}] [FILE… [-t NAME]]`;

/**
 * `{ layers, filters, name }`, or `{ fault }` with one sentence.
 *
 * A filter picks every test file whose path contains it, and only the layers that have such a file are run. Without a filter
 * all layers are run, or those of `--layer`. `name` is what `-t` gave: only tests whose name contains it are run.
 */
export function readArguments(words, testFiles) {
  const filters = [];
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
    else filters.push(word.replace(/^\.\//, ''));
  }
  const stranger = asked?.find((layer) => !NAMES.includes(layer));
  if (stranger !== undefined) return { fault: `unknown layer ${JSON.stringify(stranger)}` };
  if (name !== undefined && filters.length === 0) return { fault: '-t needs a FILE to look for the test in' };
  const layers = NAMES.filter((layer) => asked?.includes(layer) ?? true);
  const has = (layer, filter) => testFiles.some((file) => file.includes(filter) && layerHas(layer, file));
  const unmatched = filters.find((filter) => !layers.some((layer) => has(layer, filter)));
  if (unmatched !== undefined) return { fault: `no test file of ${layers.join(', ')} has ${JSON.stringify(unmatched)} in its path` };
  return { layers: filters.length === 0 ? layers : layers.filter((layer) => filters.some((filter) => has(layer, filter))), filters, name };
}
