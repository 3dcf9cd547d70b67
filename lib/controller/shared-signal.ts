import { setMaxListeners } from 'node:events';

/**
 * Node warns of a leak at the eleventh listener of one signal. A signal that ends a whole process has one
 * for every watch, key in work and sleeping loop, and each is taken off when its work ends.
 */
export function expectManyListeners(signal: AbortSignal): void {
  setMaxListeners(0, signal);
}
