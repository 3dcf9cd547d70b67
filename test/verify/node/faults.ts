/** What befalls a node while volumes are in use and more is asked for: all of it comes about afterwards, and nothing is left in the end. */
import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { DRIVER_NAMESPACE } from '../../../harness/node/driver-pod.ts';
import { NODE_NAME } from '../../../harness/node/node.ts';
import type { Deployed } from './deployed.ts';
import { CLASSES, household } from './household.ts';
import { errorText } from '../../../lib/errors/error-text.ts';

interface Fault {
  readonly name: string;
  /** Undefined: nothing but the end that every fault ends with; here it begins while things are being made. */
  readonly strike?: (node: Deployed) => Promise<unknown>;
}

const POD_OF_DRIVER = ['-n', DRIVER_NAMESPACE, 'delete', 'pod', '-l', 'app.kubernetes.io/name=mock-driver'];
const STOPPED_MS = 60_000;

export const FAULTS: readonly Fault[] = [
  { name: 'kubelet restarted', strike: ({ restart }) => restart('kubelet') },
  { name: 'containerd restarted', strike: ({ restart }) => restart('containerd') },
  { name: "the driver's Pod deleted without grace", strike: ({ kubectl }) => kubectl(...POD_OF_DRIVER, '--force', '--grace-period=0') },
  {
    name: 'node drained with volumes in use, and taken back',
    strike: async ({ kubectl }) => {
      await kubectl('drain', NODE_NAME, '--ignore-daemonsets', '--delete-emptydir-data', '--force', '--timeout=300s');
      await kubectl('uncordon', NODE_NAME);
    },
  },
  {
    name: 'etcd stopped for a minute',
    strike: async ({ plane }) => {
      plane.servers.etcd.signal('SIGSTOP');
      await pause(STOPPED_MS);
      plane.servers.etcd.signal('SIGCONT');
    },
  },
  { name: 'kube-apiserver killed and started again', strike: ({ plane }) => plane.restartApiserver() },
  { name: 'namespace deleted with everything in it' },
];

export interface FaultResult {
  readonly name: string;
  /** Undefined: all was well. */
  readonly problem: string | undefined;
  /** From the fault until everything was as asked. */
  readonly settledSeconds: number;
}

export async function runFaults(
  node: Deployed,
  { say, faults = FAULTS }: { readonly say: (line: string) => void; readonly faults?: readonly Fault[] },
): Promise<readonly FaultResult[]> {
  await node.apply(CLASSES);
  const results: FaultResult[] = [];
  for (const [index, { name, strike }] of faults.entries()) {
    const home = household(node, `fault-${index}`);
    await home.begin();
    await home.askForMore();
    const began = performance.now();
    const problem = await attempt(async () => {
      if (strike === undefined) return;
      await strike(node);
      await home.settled();
    });
    const settledSeconds = Math.round((performance.now() - began) / 1000);
    const left = await attempt(async () => {
      await home.end();
      const loops = execFileSync('losetup', ['--list', '--noheadings', '--output=BACK-FILE'], { encoding: 'utf8' });
      if (loops.includes('/mock-driver/') || loops.includes('/mock.csi.example/')) throw new Error(`loop devices are left:\n${loops}`);
    });
    results.push({ name, problem: problem ?? left, settledSeconds });
    say(`fault: ${name}: ${problem ?? left ?? `as asked after ${settledSeconds} s, nothing left`}`);
  }
  return results;
}

async function attempt(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    return `${errorText(error)}${cause}`;
  }
}
