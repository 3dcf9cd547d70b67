/** What a large check of the project is given and gives back; `npm run verify -- NAME` runs the module of that name. */
export interface VerificationOptions {
  /** `ci`: small and fixed. `full`: everything, however long. */
  readonly size: 'ci' | 'full';
  readonly log: (line: string) => void;
}

export interface VerificationResult {
  /** Decides the exit code. */
  readonly ok: boolean;
  readonly [figure: string]: unknown;
}
