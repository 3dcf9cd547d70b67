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
import { runInstallCrds } from './install-crds/verb.ts';

async function installCrds(words: readonly string[]): Promise<void> {
  const doors = openDoors();
  const ending = new AbortController();
  doors.host.onSignal(() => ending.abort());
  const code = await runInstallCrds({
    words,
    doors,
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    signal: ending.signal,
  });
  doors.host.exit(code);
}

const [verb, ...words] = process.argv.slice(2);
if (verb === 'install-crds') await installCrds(words);
else {
  await runMain({
    program: 'csi-sidecars',
    syntax: 'pflag',
    plans: [planRole(SNAPSHOT_CONTROLLER), planRole(CSI_SNAPSHOTTER), planRole(CSI_PROVISIONER)],
  });
}
