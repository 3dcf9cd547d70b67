/** What the heap of this process holds, after full collections. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const collect = ((): (() => void) => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

export function heapBytes(): number {
  for (let turn = 0; turn < 3; turn += 1) collect();
  return process.memoryUsage().heapUsed;
}
