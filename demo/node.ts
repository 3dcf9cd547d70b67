/** `npm run demo -- --node`: the main job in Pods on a real node, and what it left on this machine. */
import { runPrivately } from '../harness/node/enter.ts';
import { NODE_PROGRAMS } from '../harness/node/ready.ts';
import type { NodeJobResult } from './node-job.ts';

/** Nothing takes so long but a hang. */
const HANG_MS = 900_000;
const NO_RESULT: NodeJobResult = { ok: false, error: 'the node ended without a result', seconds: {} };

export interface NodeDemoResult extends NodeJobResult {
  readonly leftOnMachine: readonly string[];
}

/** Rejects where no node can be had here. */
export async function demoOnNode(say: (line: string) => void): Promise<NodeDemoResult> {
  const { last, leftOnMachine } = await runPrivately({ program: 'demo-on-node', binaries: NODE_PROGRAMS, timeoutMs: HANG_MS, say });
  const result = last === '' ? NO_RESULT : (JSON.parse(last) as NodeJobResult);
  return { ...result, ok: result.ok && leftOnMachine.length === 0, leftOnMachine };
}
