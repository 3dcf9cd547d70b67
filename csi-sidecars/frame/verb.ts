/**
 * A verb of `csi-sidecars`: what the table (verbs.ts) holds, and what its `run` is given and answers.
 *
 * A verb is written with `defineVerb`, which closes over the types of its flags. It prints nothing itself: it answers a
 * result, which the frame prints as text or as JSON; only progress goes out before (progress.ts). What it throws is told in
 * a line, without a stack, and exits 1, or 2 for a ConfigError that says so.
 */
import type { Doors } from '../../lib/doors/doors.ts';
import type { ExecCredentialDoor } from '../../lib/kube/exec-credentials.ts';
import type { Flag } from '../../lib/process/flag.ts';
import type { FlagValues, OptionsOf } from '../../lib/process/flags.ts';
import { readOptions } from '../../lib/process/flags.ts';
import type { Paint, Screen } from './screen.ts';

/** The world as a verb reaches it. */
export interface VerbPlace {
  readonly doors: Doors;
  /** Runs a kubeconfig's credential plugin. */
  readonly runPlugin?: ExecCredentialDoor;
  readonly screen: Screen;
  /** Fires at SIGTERM and SIGINT. */
  readonly signal: AbortSignal;
}

export interface VerbInput<O> extends VerbPlace {
  /** The word that is no flag; undefined where the verb takes none or it was left out. */
  readonly operand: string | undefined;
  readonly options: O;
}

export interface VerbResult {
  /** Something is wrong: exit code 1. */
  readonly found: boolean;
  /** Behind `schema` and `ok` in the object of `--output=json`. */
  readonly json: object;
  /** For people, a line each. */
  readonly lines: (paint: Paint) => readonly string[];
}

export interface Operand {
  /** As usage shows it: `KIND/NAME`. */
  readonly name: string;
  readonly required: boolean;
  /** All that it may be, where that is known beforehand. */
  readonly choices?: readonly string[];
}

interface VerbWords {
  readonly name: string;
  /** One line, for the list of verbs: what it does, without a full stop. */
  readonly about: string;
  /** A whole command line, first thing that its help shows. */
  readonly example: string;
  /** At most one word beside the flags. */
  readonly operand?: Operand;
  /** Version of its JSON: a new one for every change that a reader of the old one would stumble over. */
  readonly schemaVersion: number;
}

export interface Verb extends VerbWords {
  /** Its own; `--output` comes from the frame. */
  readonly flags: readonly Flag[];
  readonly run: (place: VerbPlace, words: { readonly operand: string | undefined; readonly values: FlagValues }) => Promise<VerbResult>;
}

export function defineVerb<const T extends readonly Flag[]>(
  definition: VerbWords & { readonly flags: T; readonly run: (input: VerbInput<OptionsOf<T>>) => Promise<VerbResult> },
): Verb {
  return {
    ...definition,
    run: (place, { operand, values }) => definition.run({ ...place, operand, options: readOptions(definition.flags, values) }),
  };
}
