/** How much room the driver has, by its own records. */
import type { Records, Segment } from '../../mock-driver/model/records.ts';

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
