/** Chance. Jitter and identities come from here, so that a seed decides them in the simulation. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** A random (version 4) UUID in lower case. */
  uuid(): string;
}
