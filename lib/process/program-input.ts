/** All that a program is given by its main. */
import type { Doors } from '../doors/doors.ts';
import type { ExecCredentialDoor } from '../kube/exec-credentials.ts';
import type { Syntax } from './flag-syntax.ts';
import type { RolePlan } from './role-plan.ts';

export interface ProgramInput {
  /** As in `--help`, the log and the user agent. */
  readonly program: string;
  readonly version: string;
  readonly syntax: Syntax;
  /** One: that role. More: the combined program, with `--roles`. */
  readonly plans: readonly RolePlan[];
  readonly doors: Doors;
  /** Without node and script. */
  readonly argv: readonly string[];
  /** Standard output, for `--version` and `help`. */
  readonly print: (text: string) => void;
  /** What `--help` prints where a table of the flags is not enough; `topic` is the text of `--help=TEXT`. */
  readonly help?: (topic: string) => string;
  /** How often caches tell everything again, whatever the flags say; 0: never. For a test that wants to see what only that heals. */
  readonly resyncMs?: number;
  /** Runs a kubeconfig's credential plugin, where the program may start processes. */
  readonly execCredential?: ExecCredentialDoor;
}
