/** Which programs change sides at which moment, and what becomes of the driver meanwhile: all of it from a seed. */
import { type Cast, castOf, type Role, ROLES } from '../../../real/programs.ts';
import { SeededRandom } from '../../../simulation/seeded-random.ts';
import { MOMENTS, type MomentName } from './moments.ts';
import { type DriverRelease, RELEASES, USUAL } from './releases.ts';

export interface SwitchPoint {
  readonly number: number;
  readonly swapped: readonly Role[];
  readonly from: Cast;
  readonly to: Cast;
  readonly moment: MomentName;
  /** From the moment to the swap. */
  readonly afterMs: number;
  /** What the driver is until this swap, and from it on. */
  readonly before: DriverRelease;
  readonly driver: DriverRelease;
  /** Our provisioner comes again before the sequence, or `release`, asks for nothing to be left. */
  readonly hasHeir: boolean;
  /** All is Go's, and once things have settled `csi-sidecars release` runs. */
  readonly release: boolean;
}

export interface Sequence {
  readonly name: string;
  readonly seed: number;
  readonly points: number;
  /** After so many points everything is Go's, and released. */
  readonly releaseAfter?: number;
  /** The driver is upgraded at every second point. */
  readonly upgrades: boolean;
}

/** Sixty points; each sequence begins and ends with the Go programs. */
export const SEQUENCES: readonly Sequence[] = [
  { name: 'swaps', seed: 1, points: 20, upgrades: false },
  { name: 'swaps released', seed: 2, points: 20, releaseAfter: 10, upgrades: false },
  { name: 'swaps upgraded', seed: 17, points: 20, upgrades: true },
];

type Drawn = Omit<SwitchPoint, 'hasHeir'>;

export function planOf({ seed, points, releaseAfter, upgrades }: Sequence): readonly SwitchPoint[] {
  const random = new SeededRandom(seed);
  const moments = Array.from({ length: points }, (_, index) => MOMENTS[index % MOMENTS.length] as MomentName)
    .map((moment) => ({ moment, at: random.next() }))
    .toSorted((a, b) => a.at - b.at);
  const releases = RELEASES.flatMap((release) => [USUAL, release]);
  const drawn: Drawn[] = [];
  for (let number = 1; number <= points; number += 1) {
    const from = drawn.at(-1)?.to ?? castOf('go');
    const isLast = (at: number): boolean => at === points || at === releaseAfter;
    const swapped =
      number === 1 ? ROLES : isLast(number) ? ROLES.filter((role) => from[role] === 'ours') : draw(random, from, isLast(number + 1));
    drawn.push({
      ...{ number, swapped, from, to: swap(from, swapped), release: number === releaseAfter },
      moment: moments[number - 1]?.moment ?? 'just asked',
      afterMs: random.below(300),
      before: drawn.at(-1)?.driver ?? USUAL,
      driver: upgrades ? (releases[Math.floor((number - 1) / 2) % releases.length] ?? USUAL) : USUAL,
    });
  }
  return drawn.map((point) => ({ ...point, hasHeir: hasHeir(drawn.slice(point.number), point) }));
}

const swap = (cast: Cast, swapped: readonly Role[]): Cast =>
  Object.fromEntries(ROLES.map((role) => [role, swapped.includes(role) === (cast[role] === 'go') ? 'ours' : 'go'])) as unknown as Cast;

/** At least one; `keepJournal`: our provisioner runs afterwards, so that it is the last of ours that wrote the journal. */
function draw(random: SeededRandom, from: Cast, keepJournal: boolean): readonly Role[] {
  for (;;) {
    const swapped = ROLES.filter(() => random.chance(0.5));
    const isEnough = !keepJournal || swap(from, swapped)['csi-provisioner'] === 'ours';
    if (swapped.length > 0 && isEnough) return swapped;
  }
}

function hasHeir(later: readonly Drawn[], { to, release }: Drawn): boolean {
  if (to['csi-provisioner'] === 'ours') return true;
  if (release) return false;
  const untilRelease = later.slice(0, later.findIndex((point) => point.release) + 1 || later.length);
  return untilRelease.some((point) => point.to['csi-provisioner'] === 'ours');
}
