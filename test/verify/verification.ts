export interface VerificationOptions {
  /** `ci` is what a build can afford, `full` what the claim is about. */
  readonly size: 'ci' | 'full';
  readonly json: boolean;
  readonly log: (line: string) => void;
}

export interface VerificationResult {
  readonly ok: boolean;
  /** Figures of the claim, for the JSON line. */
  readonly [figure: string]: unknown;
}

/** A module under test/verify that exports these two. */
export interface Verification {
  readonly name: string;
  run(options: VerificationOptions): Promise<VerificationResult>;
}
