/**
 * All roles in one process (`--roles=`), one cache per kind; and the tools as verbs. No second code path:
 * `runProgram` runs the same role definitions as the programs of one role do.
 */
import { openDoors } from '../lib/process/doors/open-doors.ts';
import { runMain } from '../lib/process/main.ts';
import { planRole } from '../lib/process/role-plan.ts';
import { CSI_PROVISIONER } from '../provisioner/role.ts';
import { SNAPSHOT_CONTROLLER } from '../snapshotter/controller-role.ts';
import { CSI_SNAPSHOTTER } from '../snapshotter/sidecar-role.ts';
import type { VerbInput } from './install-crds/verb.ts';
import { runInstallCrds } from './install-crds/verb.ts';

async function runVerb(words: readonly string[], run: (input: VerbInput) => Promise<number>): Promise<void> {
  const doors = openDoors();
  const ending = new AbortController();
  doors.host.onSignal(() => ending.abort());
  const code = await run({
    words,
    doors,
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    signal: ending.signal,
  });
  doors.host.exit(code);
}

const [verb, ...words] = process.argv.slice(2);
if (verb === 'install-crds') await runVerb(words, runInstallCrds);
// Loaded when it is asked for: no Pod needs a control plane in its memory.
else if (verb === 'try') await runVerb(words, (await import('./try/verb.ts')).runTryVerb);
else {
  await runMain({
    program: 'csi-sidecars',
    syntax: 'pflag',
    plans: [planRole(SNAPSHOT_CONTROLLER), planRole(CSI_SNAPSHOTTER), planRole(CSI_PROVISIONER)],
  });
}
