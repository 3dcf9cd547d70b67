/** Runs a program of ours as the only inhabitant of private namespaces: what it starts and mounts ends with it. */
import { join } from 'node:path';
import { repositoryRoot } from '../repository.ts';
import type { RunResult, Stage } from '../stage.ts';

const NAMESPACES = ['--net', '--mount', '--pid', '--uts', '--ipc', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'];

/** `program` is a bundle under dist/. A shell is the first process: it takes in whose parent has gone. */
export function runPrivately(
  stage: Stage,
  { program, args, timeoutMs }: { readonly program: string; readonly args: readonly string[]; readonly timeoutMs: number },
): Promise<RunResult> {
  const script = `"$0" "$@"; exit $?`;
  return stage.run({
    name: program,
    file: 'unshare',
    args: [...NAMESPACES, 'sh', '-c', script, process.execPath, join(repositoryRoot(), 'dist', `${program}.mjs`), ...args],
    timeoutMs,
  });
}
