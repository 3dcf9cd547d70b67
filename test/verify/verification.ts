export interface VerificationOptions {
  /** `ci` is what a build can afford, `full` what the claim is about. */
  readonly size: 'ci' | 'full';
  readonly json: boolean;
  readonly log: (line: string) => void;
  /** A folder with the programs of another build, for figures before and after a change. Default: our own `dist/`. */
  readonly dist?: string;
  /** One of so many parts of the cases, from 1. Default: all of them. */
  readonly part?: Part;
}

export interface Part {
  readonly index: number;
  readonly of: number;
}

/** Every so manyth case: the parts together are all of them. */
export function partOf<T>(cases: readonly T[], { index, of }: Part = { index: 1, of: 1 }): T[] {
  return cases.filter((_, at) => at % of === index - 1);
}

export interface VerificationResult {
  readonly ok: boolean;
  /** Figures of the claim, for the JSON line. */
  readonly [figure: string]: unknown;
}

/** What a module under test/verify exports. */
export interface Verification {
  readonly name: string;
  /** True if it can be asked of another build. */
  readonly takesDist?: boolean;
  /** True if it has cases that can be run part by part. */
  readonly takesPart?: boolean;
  run(options: VerificationOptions): Promise<VerificationResult>;
}
