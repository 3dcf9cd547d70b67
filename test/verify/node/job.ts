/** A job on a node of its own (inside.ts). */
import { runPrivately } from '../../../harness/node/enter.ts';
import { NODE_BINARIES } from '../../../harness/node/ready.ts';
import type { BinaryName } from '../../../harness/real/binaries.ts';

const HANG_MS = 3_000_000;
const FURTHER: Readonly<Record<string, readonly BinaryName[]>> = { sanity: ['csi-sanity'], suite: ['ginkgo', 'e2e.test'] };

export interface JobResult<T extends object> {
  /** Why there is none, where there is none. */
  readonly result: T | { readonly error: string };
  /** Lines; empty where the machine is as it was. */
  readonly leftOnMachine: readonly string[];
}

/** `args`: the job's name, the side, and what the job takes. */
export async function playOnNode<T extends object>(args: readonly string[], log: (line: string) => void): Promise<JobResult<T>> {
  const binaries = [...NODE_BINARIES, ...(FURTHER[args[0] ?? ''] ?? [])];
  const { last, leftOnMachine } = await runPrivately({ program: 'verify-on-node', args, binaries, timeoutMs: HANG_MS, say: log });
  const result = last === '' ? { error: 'the node ended without a result' } : (JSON.parse(last) as T | { error: string });
  return { result, leftOnMachine };
}
