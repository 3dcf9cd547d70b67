/** How the driver misbehaves in one call, drawn by the seed; mock-driver carries it out. */
import type { CallFacts, CrashMoment, Distortion, Fault } from '../../mock-driver/faults/fault.ts';
import type { CodeName } from '../../mock-driver/model/status.ts';
import type { FaultRates } from './faults.ts';
import type { SeededRandom } from './seeded-random.ts';

const REFUSALS: readonly CodeName[] = [
  'UNAVAILABLE',
  'INTERNAL',
  'RESOURCE_EXHAUSTED',
  'DEADLINE_EXCEEDED',
  'ABORTED',
  'FAILED_PRECONDITION',
];
const UNDECIDED: readonly CodeName[] = ['DEADLINE_EXCEEDED', 'UNAVAILABLE'];
const MOMENTS: readonly CrashMoment[] = ['before', 'during', 'after', 'answered'];

/**
 * What bad drivers answer after they did as asked. Only what a careful caller can see through: it asks again by
 * the same name. A wrong but well-formed id would be believed by anybody, and is no fair fault.
 */
const ODD_ANSWERS: Readonly<Record<string, readonly Distortion[]>> = {
  CreateVolume: [
    { drop: ['volume'] },
    { set: { 'volume.volume_id': '' } },
    { invalidUtf8: ['volume.volume_id'] },
    { set: { 'volume.capacity_bytes': '1' } },
    // Matters to restores and clones only, as it does in the field.
    { drop: ['volume.content_source'] },
  ],
  CreateSnapshot: [
    { drop: ['snapshot'] },
    { set: { 'snapshot.snapshot_id': '' } },
    { invalidUtf8: ['snapshot.snapshot_id'] },
    { drop: ['snapshot.creation_time'] },
    { set: { 'snapshot.size_bytes': '-1' } },
  ],
  GetCapacity: [
    { set: { available_capacity: '-1' } },
    { set: { 'maximum_volume_size.value': '-1' } },
    // A lie that anybody would believe, until the driver is asked again.
    { set: { available_capacity: '4096' } },
    { drop: ['maximum_volume_size'] },
  ],
};

/** Only calls that make or delete something, or whose answer is published, are disturbed. */
export function drawDriverFault({ rpc }: CallFacts, rates: FaultRates, random: SeededRandom): Fault {
  if (!/^(Create|Delete|GetCapacity)/.test(rpc)) return {};
  return { ...drawDelay(rates, random), ...drawEnd(rpc, rates, random) };
}

/** Before the effect or after it: the caller's deadline passes either way. */
function drawDelay(rates: FaultRates, random: SeededRandom): Fault {
  if (!random.chance(rates.driverSlow)) return {};
  const delayMs = random.between(5_000, 200_000);
  return random.chance(0.7) ? { delayMs } : { answerDelayMs: delayMs };
}

function drawEnd(rpc: string, rates: FaultRates, random: SeededRandom): Fault {
  if (random.chance(rates.driverCrash)) return { crash: random.pick(MOMENTS), crashStep: random.below(2) };
  if (random.chance(rates.driverError)) return { code: random.pick(REFUSALS), message: 'injected failure' };
  if (random.chance(rates.driverDoneButError)) {
    return { code: random.pick(UNDECIDED), effect: true, message: 'injected failure after success' };
  }
  const odd = ODD_ANSWERS[rpc];
  return odd !== undefined && random.chance(rates.driverOdd) ? { answer: random.pick(odd) } : {};
}
