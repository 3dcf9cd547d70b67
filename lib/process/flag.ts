/** One row of a flag table. What is made of rows: flags.ts. */

export type FlagType = 'string' | 'int' | 'uint' | 'float' | 'bool' | 'duration' | 'gates' | 'labels' | 'quantity';

export interface Gate {
  readonly default: boolean;
  readonly stage: 'ALPHA' | 'BETA' | 'GA';
  /** As Flag.ignored: what became of it. */
  readonly ignored?: string;
}

export interface Flag {
  readonly name: string;
  /** Its one-letter form in pflag's syntax: `-n` for `--namespace`. */
  readonly letter?: string;
  readonly type: FlagType;
  /** As one would type it; `''` for an empty string, list or map. */
  readonly default: string;
  readonly help: string;
  /** `peer`: the Go program has it, with this meaning. `ours`: in addition. `earlier`: only earlier releases of it have. */
  readonly origin: 'peer' | 'ours' | 'earlier';
  /** The Go program's default, where ours differs on purpose. */
  readonly peerDefault?: string;
  /** Smallest legal number; milliseconds for a duration. */
  readonly min?: number;
  /**
   * What is taken in the place of a smaller number, and said at the start: one that the Go program takes though nothing, or
   * harm, would come of it. Absent: it is a fault.
   */
  readonly below?: 'default' | 'min';
  readonly max?: number;
  /** The texts that are legal, for a string. */
  readonly choices?: readonly string[];
  /** For type `gates`: the gates that exist. Any other one is a fault. */
  readonly gates?: Readonly<Record<string, Gate>>;
  /** Accepted so that an image swap works, and without effect here; says why. */
  readonly ignored?: string;
}
