/**
 * What may differ between our provisioner and the Go program on the same world, each with its reason; whatever else differs
 * is a fault.
 */
import type { PersistentVolumeClaim } from '../../../lib/kube/objects.ts';
import type { ClaimOutcome, SideOutcome } from './outcome.ts';
import { ANSWER } from './recording-driver.ts';
import type { World } from './world.ts';

interface Intended {
  readonly about: string;
  readonly reason: string;
  readonly of: readonly (keyof ClaimOutcome)[];
  readonly applies: (claim: ClaimSides) => boolean;
}

interface ClaimSides {
  /** What the class has the driver answer. */
  readonly answer: string | undefined;
  readonly ours: ClaimOutcome;
  readonly go: ClaimOutcome;
}

export const INTENDED: readonly Intended[] = [
  {
    about: 'an accessible topology without segments',
    reason: 'the Go program asks for an affinity without terms where no entry has any, which the API server refuses for ever',
    of: ['volume', 'told', 'words'],
    applies: ({ answer }) => answer === 'no-segments',
  },
  {
    about: 'a write conflict told to the user',
    reason: 'a conflict is tried again at once and is nobody’s business',
    of: ['told', 'words'],
    applies: ({ go }) => go.words?.includes('the object has been modified') === true,
  },
  {
    about: 'what is told first where a secret cannot be read and more is wrong',
    reason: 'what needs no read is checked before what needs one',
    of: ['words'],
    applies: ({ go, ours }) => go.words?.startsWith('error getting secret ') === true && ours.requests.length === 0,
  },
];

const SOURCE_FINALIZERS = /"provisioner\.storage\.kubernetes\.io\/(?:cloning-protection|volumesnapshot-as-source-protection)",?/;
const PROTECTED_IN_VAIN = 'a source that is protected although the attempt was refused';
const PROTECTED_ON = 'a source that is protected as long as any claim is filled from it';

/**
 * The Go program protects a source before it looks at the place and the secrets, and leaves it so; ours right before the call. The
 * first claim that is filled takes the Go program's finalizer off a snapshot, whoever else is still being filled, and the next attempt
 * puts it on again; ours stays.
 */
function sourceDifference(ours: string | undefined, go: string | undefined, isStillWanted: () => boolean): string | undefined {
  const bare = (text: string | undefined): string | undefined => text?.replace(SOURCE_FINALIZERS, '').replace(',]', ']');
  if (ours === undefined || bare(ours) !== bare(go)) return undefined;
  if (bare(ours) === ours) return PROTECTED_IN_VAIN;
  return isStillWanted() ? PROTECTED_ON : undefined;
}

function parameterOf(world: World, claim: PersistentVolumeClaim, key: string): string | undefined {
  const found = world.objects.find(({ object }) => object.kind === undefined && object.metadata?.name === claim.spec?.storageClassName);
  return (found?.object as { parameters?: Record<string, string> } | undefined)?.parameters?.[key];
}

/** `name` as in the outcome: `snapshot ready`. */
function isFilledFrom({ spec }: PersistentVolumeClaim, name: string): boolean {
  const source = spec?.dataSource ?? spec?.dataSourceRef;
  return name === `${source?.kind === 'VolumeSnapshot' ? 'snapshot' : 'claim'} ${source?.name ?? ''}`;
}

function isUndone({ claims }: SideOutcome, { metadata }: PersistentVolumeClaim): boolean {
  const outcome = claims[metadata?.name ?? ''];
  return outcome !== undefined && outcome.requests.length > 0 && outcome.volume === undefined;
}

export interface Differences {
  readonly faults: readonly string[];
  readonly intended: Readonly<Record<string, number>>;
}

const FIELDS = ['requests', 'volume', 'claim', 'told'] as const;

export function differences(world: World, ours: SideOutcome, go: SideOutcome): Differences {
  const faults: string[] = [];
  const intended: Record<string, number> = {};
  const count = (about: string): void => {
    intended[about] = (intended[about] ?? 0) + 1;
  };
  const differ = (where: string, a: unknown, b: unknown): void => {
    faults.push(`world ${world.seed} (${world.flags.join(' ')}), ${where}:\n  ours ${JSON.stringify(a)}\n  go   ${JSON.stringify(b)}`);
  };
  for (const claim of world.claims) {
    const name = claim.metadata?.name ?? '';
    const sides = { ours: ours.claims[name], go: go.claims[name] };
    if (sides.ours === undefined || sides.go === undefined) {
      faults.push(`world ${world.seed}: claim ${name} is gone`);
      continue;
    }
    const both = { ours: sides.ours, go: sides.go, answer: parameterOf(world, claim, ANSWER) };
    const judge = (field: keyof ClaimOutcome, a: unknown, b: unknown): void => {
      const allowed = INTENDED.find(({ of, applies }) => of.includes(field) && applies(both));
      if (allowed === undefined) differ(`claim ${name}, ${field}`, a, b);
      else count(allowed.about);
    };
    for (const field of FIELDS) {
      const [a, b] = [both.ours[field], both.go[field]];
      if (JSON.stringify(a) !== JSON.stringify(b)) judge(field, a, b);
    }
    // The Go program's words come first; ours may follow them.
    const { words } = both.go;
    if (words !== undefined && both.ours.words?.startsWith(words) !== true) judge('words', both.ours.words, words);
  }
  for (const name of new Set([...Object.keys(ours.sources), ...Object.keys(go.sources)])) {
    const [a, b] = [ours.sources[name], go.sources[name]];
    if (a === b) continue;
    const allowed = sourceDifference(a, b, () => world.claims.some((claim) => isFilledFrom(claim, name) && isUndone(ours, claim)));
    if (allowed === undefined) differ(name, a, b);
    else count(allowed);
  }
  return { faults, intended };
}
