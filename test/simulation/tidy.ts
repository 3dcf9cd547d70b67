/**
 * What an administrator clears away in the end: claims and snapshots that name what is not there and that nobody will
 * bring. Only these: what a program forgot must still stand there, un-Bound or un-ready, when things have settled.
 */
import type { PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import type { Known } from './causes.ts';
import { causeOfClaim, causeOfSnapshot, causeOfSource } from './causes.ts';
import { CLAIMS, SNAPSHOTS } from './manifests.ts';
import type { World } from './world.ts';

/** A source that is removed makes orphans of those that name it; a chain of sources is not longer than this. */
const ROUNDS = 6;
/** Time enough for what was asked for to go. */
const ROUND_MS = 5_000;

export async function tidy(world: World): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    if ((await removeHopeless(world)) === 0 && round > 0) return;
    await world.user.pause(ROUND_MS);
  }
}

async function removeHopeless({ mirror, user, known }: World): Promise<number> {
  const hopeless = [
    ...mirror.claims
      .all()
      .filter((claim) => claim.metadata?.deletionTimestamp === undefined && isHopeless(known, claim))
      .map(({ metadata }) => `${CLAIMS(metadata?.namespace)}/${metadata?.name ?? ''}`),
    ...mirror.snapshots
      .all()
      .filter((snapshot) => snapshot.metadata?.deletionTimestamp === undefined && causeOfSnapshot(known, snapshot)?.kind === 'missing')
      .map(({ metadata }) => `${SNAPSHOTS(metadata?.namespace)}/${metadata?.name ?? ''}`),
  ];
  for (const path of hopeless) await user.remove(path);
  return hopeless.length;
}

/** Whether or not it has a node yet. */
function isHopeless(known: Known, claim: PersistentVolumeClaim): boolean {
  if (claim.status?.phase === 'Bound') return false;
  return [causeOfClaim(known, claim), causeOfSource(known, claim)].some((cause) => cause?.kind === 'missing');
}
