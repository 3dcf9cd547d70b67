/**
 * `csi-sidecars explain KIND/NAME [-n NS]`: why an object of storage does not move, whose turn it is and what helps. The
 * controllers of this release are asked what they would do next, and nothing of it is done.
 */
import type { Flag } from '../../lib/process/flag.ts';
import { KUBECONFIG_FLAG, namespaceFlag, withCluster } from '../frame/cluster.ts';
import { startProgress } from '../frame/progress.ts';
import { defineVerb } from '../frame/verb.ts';
import { readOnly } from '../reading/read-only-client.ts';
import { explain } from './explain.ts';
import { askRunning, DEBUG_FLAG } from './running.ts';
import { readTarget } from './target.ts';
import { explanationLines } from './report.ts';

const FLAGS = [
  KUBECONFIG_FLAG,
  namespaceFlag('Namespace of the object'),
  DEBUG_FLAG,
  {
    name: 'lease-namespace',
    type: 'string',
    default: '',
    help: 'Where csi-provisioner keeps its Leases: its own namespace, or its --leader-election-namespace. Empty: they are looked for in all.',
    origin: 'ours',
  },
] as const satisfies readonly Flag[];

export const EXPLAIN = defineVerb({
  name: 'explain',
  about: 'says why a claim, volume, snapshot or content does not move, whose turn it is and what helps',
  example: 'csi-sidecars explain pvc/data -n team',
  operand: { name: 'KIND/NAME', required: true },
  schemaVersion: 1,
  flags: FLAGS,
  run: async (input) => {
    const { doors, screen, signal, options, operand = '' } = input;
    const explained = await withCluster(input, { ...options, verb: 'explain' }, async ({ client, namespace }) => {
      const progress = startProgress(screen, doors.clock);
      try {
        const target = readTarget(operand, namespace);
        const running = await askRunning(doors, options.debugEndpoint, signal);
        const leaseNamespace = options.leaseNamespace === '' ? undefined : options.leaseNamespace;
        return await explain(target, {
          ...{ client: readOnly(client), clock: doors.clock, signal, say: progress.say },
          ...{ running, leaseNamespace },
        });
      } finally {
        progress.end();
      }
    });
    return { found: explained.turn.who !== 'nobody', json: withNulls(explained), lines: (paint) => explanationLines(explained, paint) };
  },
});

/** Readers of JSON find every field: what is not known is null. */
function withNulls(value: object): object {
  const nulled = (_: string, each: unknown): unknown => (each === undefined ? null : each);
  return JSON.parse(JSON.stringify(value, nulled)) as object;
}
