/** `npm run demo -- --node`: the main job in Pods on a real node, and what it left on this machine. */
import { nodeProblem, readMachine, restoreMachine } from '../harness/node/machine.ts';
import { runPrivately } from '../harness/node/enter.ts';
import { openStage } from '../harness/stage.ts';
import type { NodeJobResult } from './node-job.ts';

/** Nothing takes so long but a hang. */
const HANG_MS = 900_000;

export interface NodeDemoResult extends NodeJobResult {
  /** Lines: mounts, loop devices, cgroups, folders, processes that were not there before. */
  readonly leftOnMachine: readonly string[];
}

/** Rejects where no node can be had here. */
export async function demoOnNode(say: (line: string) => void): Promise<NodeDemoResult> {
  const problem = nodeProblem(say);
  if (problem !== undefined) throw new Error(problem);
  const before = readMachine();
  const stage = openStage('node');
  try {
    const { stdout, stderr } = await runPrivately(stage, { program: 'demo-on-node', args: [stage.dir], timeoutMs: HANG_MS });
    for (const line of stderr.split('\n')) if (line !== '') say(line);
    const last = stdout.trim().split('\n').at(-1) ?? '';
    const result = JSON.parse(last === '' ? '{"ok":false,"error":"the node ended without a result","seconds":{}}' : last) as NodeJobResult;
    const leftOnMachine = restoreMachine(before);
    return { ...result, ok: result.ok && leftOnMachine.length === 0, leftOnMachine };
  } finally {
    await stage.close();
  }
}
