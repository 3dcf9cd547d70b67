/** A secret of a driver call: its name, and its values where they were read. */
export interface SecretName {
  readonly name: string;
  readonly namespace: string;
}

/** Values of a secret, behind a function: nothing that prints a state can print them. */
export interface SecretValues {
  readonly of: SecretName;
  /** There is no such secret: the driver is asked without one. Only for a deletion. */
  readonly isMissing?: boolean;
  readonly reveal: () => Record<string, string>;
}
