/**
 * What an answer of the driver says about the object it was asked to make or delete.
 *
 * `unknown` never lets go of the object: the call may still be running. Source: CSI specification (error
 * scheme), the peers' tables, design §3 "The driver".
 */
export type Outcome =
  /** The call succeeded. */
  | 'done'
  /** Final: the driver did not and will not make it. */
  | 'failed'
  /** It may exist or come to exist. */
  | 'unknown'
  /** Final here: another node or segment should be chosen (CreateVolume with topology and a selected node). */
  | 'reschedule';
