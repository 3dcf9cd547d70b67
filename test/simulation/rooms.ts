/** How much room the driver has: what it is given, and what is left by its own records. */
import type { Pool, Records, Segment } from '../../mock-driver/model/records.ts';
import { ZONE } from './manifests.ts';
import type { SeededRandom } from './seeded-random.ts';

export const GIB = 1n << 30n;

/** Enough for all in one zone, next to none in the others. */
export function scarcePools(zones: readonly string[], roomy: string, random: SeededRandom): readonly Pool[] {
  return zones.map((zone) => ({ segment: { [ZONE]: zone }, bytes: zone === roomy ? 64n * GIB : BigInt(random.below(3)) * GIB }));
}

/** In bytes. */
export function roomIn({ nodes, volumes }: Pick<Records, 'nodes' | 'volumes'>, segment: Segment): bigint {
  const isThere = (place: Segment | undefined): boolean => place !== undefined && segmentText(place) === segmentText(segment);
  const pool = nodes.flatMap(({ pools }) => pools).find((candidate) => isThere(candidate.segment))?.bytes ?? 0n;
  const used = volumes.filter((volume) => isThere(volume.segment)).reduce((sum, { bytes }) => sum + bytes, 0n);
  return pool > used ? pool - used : 0n;
}

export function segmentText(segment: Segment): string {
  return Object.entries(segment)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');
}
