export interface VerificationOptions {
  /** `ci` is what a build can afford, `full` what the claim is about. */
  readonly size: 'ci' | 'full';
  readonly json: boolean;
  readonly log: (line: string) => void;
  /** A folder with the programs of another build, for figures before and after a change. Default: our own `dist/`. */
  readonly dist?: string;
}

export interface VerificationResult {
  readonly ok: boolean;
  /** Figures of the claim, for the JSON line. */
  readonly [figure: string]: unknown;
}

/** A module under test/verify that exports these two. */
export interface Verification {
  readonly name: string;
  /** True if it can be asked of another build. */
  readonly takesDist?: boolean;
  run(options: VerificationOptions): Promise<VerificationResult>;
}
