/** A verb's command line in this process, and what a person would see of it. */
import { runVerb } from '../csi-sidecars/frame/run-verb.ts';
import type { Verb } from '../csi-sidecars/frame/verb.ts';
import type { Doors } from '../lib/doors/doors.ts';

export interface Answer {
  readonly code: number;
  /** Lines. */
  readonly out: readonly string[];
  readonly err: readonly string[];
}

export interface Asker {
  readonly doors: Doors;
  /** Undefined: the words name it, or the verb takes none. */
  readonly kubeconfig?: string;
  readonly signal: AbortSignal;
}

export async function askVerb(verb: Verb, { doors, kubeconfig, signal }: Asker, words: readonly string[]): Promise<Answer> {
  const out: string[] = [];
  const err: string[] = [];
  const screen = {
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    colours: false,
    live: undefined,
  };
  const cluster = kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`];
  const code = await runVerb(verb, { doors, screen, signal }, [...cluster, ...words]);
  return { code, out, err };
}
