import { randomUUID } from 'node:crypto';
import type { Random } from '../../doors/random.ts';

export function openRandom(): Random {
  return { next: () => Math.random(), uuid: () => randomUUID() };
}
