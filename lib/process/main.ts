/** What a main file calls: real doors, the arguments of this process, and its end with the exit code. */
import { execFile } from 'node:child_process';
import type { ExecCredentialDoor } from '../kube/exec-credentials.ts';
import { openDoors } from './doors/open-doors.ts';
import { runProgram } from './program.ts';
import type { ProgramInput } from './program-input.ts';
import { VERSION } from './version.ts';

export async function runMain(
  input: Pick<ProgramInput, 'program' | 'syntax' | 'plans' | 'help'> & { readonly argv?: readonly string[] },
): Promise<void> {
  const doors = openDoors();
  const code = await runProgram({
    ...input,
    argv: input.argv ?? process.argv.slice(2),
    version: VERSION,
    doors,
    print: (text) => void process.stdout.write(text),
    execCredential: runPlugin,
  });
  doors.host.exit(code);
}

const PLUGIN_OUTPUT_LIMIT = 1 << 20;

/** A kubeconfig's credential plugin as a process of its own. */
export const runPlugin: ExecCredentialDoor = ({ command, args, env, apiVersion }) =>
  new Promise((resolve, reject) => {
    const info = JSON.stringify({ apiVersion, kind: 'ExecCredential', spec: { interactive: false } });
    const options = { env: { ...process.env, ...env, KUBERNETES_EXEC_INFO: info }, maxBuffer: PLUGIN_OUTPUT_LIMIT };
    execFile(command, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(stderr.trim() || error.message, { cause: error }));
    });
  });
