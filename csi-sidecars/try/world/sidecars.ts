/** The three roles in this process, over doors that can die; each life is a program from its flags to its end. */
import type { Doors } from '../../../lib/doors/doors.ts';
import { TerminalError } from '../../../lib/errors/terminal-error.ts';
import { runProgram } from '../../../lib/process/program.ts';
import { planRole } from '../../../lib/process/role-plan.ts';
import { VERSION } from '../../../lib/process/version.ts';
import { CSI_PROVISIONER } from '../../../provisioner/role.ts';
import { SNAPSHOT_CONTROLLER } from '../../../snapshotter/controller-role.ts';
import { CSI_SNAPSHOTTER } from '../../../snapshotter/sidecar-role.ts';
import { KUBECONFIG_PATH } from './cluster.ts';
import type { MortalDoors } from './mortal-doors.ts';
import { mortalDoors } from './mortal-doors.ts';

export interface Sidecars {
  start(): void;
  /** As SIGKILL: nothing is finished. */
  crash(): void;
  /** As SIGTERM; resolves when it has ended. */
  stop(): Promise<void>;
  /** Why a life ended that was to go on, with its last lines of log; undefined: none did. */
  failure(): Error | undefined;
}

const KEPT_LINES = 200;
const SHOWN_LINES = 5;

export interface SidecarsOptions {
  readonly doors: Doors;
  /** Of the driver, `unix:///path`. */
  readonly address: string;
  /** Limit of each call. */
  readonly timeoutMs: number;
  /** Whether the driver cuts snapshots: csi-snapshotter refuses to stand beside one that does not. */
  readonly snapshots: () => boolean;
}

export function createSidecars({ doors, address, timeoutMs, snapshots }: SidecarsOptions): Sidecars {
  const lines: string[] = [];
  let failure: Error | undefined;
  let life: { readonly mortal: MortalDoors; readonly ended: Promise<void>; expected: boolean } | undefined;
  const host = {
    ...doors.host,
    // Nothing of the environment may change a trial.
    env: () => undefined,
    writeLog: (line: string) => {
      lines.push(line.trimEnd());
      if (lines.length > KEPT_LINES) lines.splice(0, lines.length - KEPT_LINES);
    },
  };
  const argv = [
    `--kubeconfig=${KUBECONFIG_PATH}`,
    `--csi-address=${address}`,
    `--timeout=${timeoutMs}ms`,
    // Nobody else waits for this driver: a connection that the trial has cut may take as long as a call to be back.
    `--driver-lost-timeout=${timeoutMs}ms`,
    // A trial wants to see what comes next, not to spare the driver.
    '--retry-interval-start=100ms',
    '--retry-interval-max=2s',
    // Without a leader this is how long the journal of a life that crashed is waited for.
    '--leader-election-lease-duration=2s',
    '--leader-election-renew-deadline=1500ms',
    '--leader-election-retry-period=500ms',
  ];

  return {
    start: () => {
      const mortal = mortalDoors({ ...doors, host });
      const program = runProgram({
        program: 'csi-sidecars',
        version: VERSION,
        syntax: 'pflag',
        plans: [planRole(SNAPSHOT_CONTROLLER), planRole(CSI_SNAPSHOTTER), planRole(CSI_PROVISIONER)],
        doors: mortal.doors,
        argv: [`--roles=snapshot-controller,csi-provisioner${snapshots() ? ',csi-snapshotter' : ''}`, ...argv],
        print: () => undefined,
      });
      const own = {
        mortal,
        expected: false,
        ended: program.then((code) => {
          if (!own.expected)
            failure ??= new TerminalError(
              'DRIVER_UNUSABLE',
              `the sidecars ended with exit code ${code}:\n${lines.slice(-SHOWN_LINES).join('\n')}`,
            );
        }),
      };
      life = own;
    },
    crash: () => {
      if (life !== undefined) life.expected = true;
      life?.mortal.kill();
      life = undefined;
    },
    stop: async () => {
      if (life === undefined) return;
      life.expected = true;
      life.mortal.terminate();
      await life.ended;
      life = undefined;
    },
    failure: () => failure,
  };
}
