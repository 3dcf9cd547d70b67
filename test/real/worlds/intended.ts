/**
 * What may differ between our provisioner and the Go program on the same world, each with its reason; whatever else differs
 * is a fault.
 */
import type { PersistentVolumeClaim } from '../../../lib/kube/objects.ts';
import type { Side } from '../programs.ts';
import { abroadIn } from './abroad.ts';
import { type ClaimOutcome, type SideOutcome, sourceText } from './outcome.ts';
import { areInPlacesOf63, findNoneIn63 } from './places-of-6-3.ts';
import { ANSWER } from './recording-driver.ts';
import { classOf, type World } from './world.ts';

export interface Intended {
  readonly about: string;
  readonly reason: string;
  readonly of: readonly (keyof ClaimOutcome)[];
  readonly applies: (claim: ClaimSides) => boolean;
}

interface ClaimSides {
  readonly world: World;
  /** What the class has the driver answer. */
  readonly answer: string | undefined;
  readonly ours: ClaimOutcome;
  readonly go: ClaimOutcome;
}

/** Whatever the release of the Go program. */
const INTENDED: readonly Intended[] = [
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

const STATUS_OF_1_37 = '<nil> nil nil}';

/** Beside v6.3.0 alone; v6.4.0 does as ours. */
export const INTENDED_OF_6_3: readonly Intended[] = [
  {
    about: 'the places of the cluster',
    reason:
      'without a selected node v6.3.0 takes the keys that one CSINode has, chosen by chance, and it counts every node with these labels; ours takes the keys of all, on nodes where the driver has registered them',
    of: ['requests', 'volume'],
    applies: ({ world, ours, go }) => areInPlacesOf63(world, ours, go),
  },
  {
    about: 'a cluster without a node that has the keys',
    reason:
      'v6.3.0 fails where no node has the keys that it chose, and names these alone; where the driver has not registered them it finds nodes that ours does not count',
    of: ['requests', 'volume', 'told', 'words'],
    applies: ({ world, ours, go }) => findNoneIn63(world, ours, go),
  },
  {
    about: 'the status of a claim as Go prints it',
    reason: 'v6.4.0 is built with Kubernetes 1.37, whose claims have one more field',
    of: ['words'],
    applies: ({ ours, go }) => ours.words?.replace(STATUS_OF_1_37, '<nil> nil}').startsWith(go.words ?? '') === true,
  },
];

const SOURCE_FINALIZERS = /"provisioner\.storage\.kubernetes\.io\/(?:cloning-protection|volumesnapshot-as-source-protection)",?/;
const PROTECTED_IN_VAIN = 'a source that is protected although the attempt was refused';
const PROTECTED_ON = 'a source that is protected as long as a claim that is filled from it is not bound';

/**
 * The Go program protects a source before it looks at the place and the secrets, and leaves it so; ours right before the call. The
 * first claim that is filled takes the Go program's finalizer off a snapshot, whoever else waits to be filled, and the next attempt
 * puts it on again; ours stays until all are bound, and here nobody binds.
 */
function sourceDifference(
  { world, name }: { readonly world: World; readonly name: string },
  ours: string | undefined,
  go: string | undefined,
): string | undefined {
  const bare = (text: string | undefined): string | undefined => text?.replace(SOURCE_FINALIZERS, '').replace(',]', ']');
  if (ours === undefined || bare(ours) !== bare(go)) return undefined;
  if (bare(ours) === ours) return PROTECTED_IN_VAIN;
  return world.claims.some((claim) => isFilledFrom(world, claim, name)) ? PROTECTED_ON : undefined;
}

/** `name` as in the outcome: `snapshot ready`. */
function isFilledFrom(world: World, { spec }: PersistentVolumeClaim, name: string): boolean {
  const source = spec?.dataSource ?? spec?.dataSourceRef;
  const kind = source?.kind === 'VolumeSnapshot' ? 'snapshot' : 'claim';
  return name === sourceText(kind, source?.name ?? '', spec?.dataSourceRef?.namespace === abroadIn(world.name));
}

export interface Differences {
  readonly faults: readonly string[];
  readonly intended: Readonly<Record<string, number>>;
}

const FIELDS = ['requests', 'volume', 'claim', 'told'] as const;

/** `ofRelease`: what is intended beside the release of the Go program that was run. */
export function differences(world: World, { ours, go }: Readonly<Record<Side, SideOutcome>>, ofRelease: readonly Intended[]): Differences {
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
    const both = { world, ours: sides.ours, go: sides.go, answer: classOf(world, claim)?.parameters?.[ANSWER] };
    const judge = (field: keyof ClaimOutcome, a: unknown, b: unknown): void => {
      const allowed = [...INTENDED, ...ofRelease].find(({ of, applies }) => of.includes(field) && applies(both));
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
    const allowed = sourceDifference({ world, name }, a, b);
    if (allowed === undefined) differ(name, a, b);
    else count(allowed);
  }
  return { faults, intended };
}
