/** What a person is told when a program ends by itself: one line a fault, and the exit code. */

export interface Faults {
  readonly lines: readonly string[];
  readonly exitCode: number;
  /** An error of no known family: its stack is of interest. */
  readonly isBug: boolean;
}

/**
 * By the stable `code`, not by class: lib/kube and lib/controller have errors of these families of their own,
 * since they may not import this folder.
 */
export function faultsOf(error: unknown): Faults {
  if (!(error instanceof Error)) return { lines: [String(error)], exitCode: 1, isBug: true };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const faults = 'faults' in error && Array.isArray(error.faults) ? error.faults.map(String) : [error.message];
  const exitCode = 'exitCode' in error && typeof error.exitCode === 'number' ? error.exitCode : 1;
  return { lines: faults, exitCode, isBug: code === undefined };
}
