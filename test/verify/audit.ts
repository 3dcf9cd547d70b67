/**
 * `npm run verify -- audit`: leaks of the four kinds among healthy volumes and snapshots, in a running driver and on the
 * sandbox: `csi-sidecars audit` finds every leak and nothing else, and `--clean` deletes those in the driver and nothing else.
 */
import { openAuditWorld } from '../component/audit-world.ts';
import { programFile } from '../../demo/world.ts';
import type { VerificationOptions, VerificationResult } from './verification.ts';

export const name = 'audit';

/** Pairs of a volume and its snapshot, and leaks of each kind. */
const COUNTS = { ci: { healthy: 100, leaks: 10 }, full: { healthy: 2500, leaks: 125 } } as const;
const KINDS = 4;

interface Report {
  readonly findings: readonly { readonly id: string; readonly cause: string }[];
  readonly deeds?: readonly { readonly result: string }[];
}

export async function run({ size, log }: VerificationOptions): Promise<VerificationResult> {
  const counts = COUNTS[size];
  const { world, driver, healthy, leaks, lost } = await openAuditWorld(counts);
  try {
    const { stage } = world;
    log(`${healthy.size} healthy, ${leaks.size + lost.size} leaks of ${KINDS} kinds`);
    const flags = [`--kubeconfig=${world.kubeconfig}`, `--csi-address=${driver.address}`, '--older-than=0', '--output=json'];
    const ask = async (...more: string[]): Promise<{ report: Report; ms: number }> => {
      const began = performance.now();
      const args = [programFile('csi-sidecars'), 'audit', ...flags, ...more];
      const { stdout, stderr } = await stage.run({ name: 'audit', file: process.execPath, args, timeoutMs: 600_000 });
      if (stdout === '') throw new Error(`audit said nothing: ${stderr}`);
      return { report: JSON.parse(stdout) as Report, ms: Math.round(performance.now() - began) };
    };
    const found = await ask();
    const ids = new Set(found.report.findings.map(({ id }) => id));
    const planted = new Set([...leaks, ...lost]);
    const missed = [...planted].filter((id) => !ids.has(id)).length;
    const wrong = [...ids].filter((id) => !planted.has(id)).length;
    const causes = new Set(found.report.findings.map(({ cause }) => cause)).size;
    log(`found ${ids.size} in ${found.ms} ms: ${missed} missed, ${wrong} wrong, ${causes} causes`);
    const cleaned = await ask('--clean', '--yes', '--sole-cluster');
    const { volumes, snapshots } = await driver.ledger();
    const left = new Set([...volumes, ...snapshots].map(({ id }) => id));
    const touched = [...healthy].filter((id) => !left.has(id)).length;
    const kept = [...left].filter((id) => !healthy.has(id)).length;
    const deleted = cleaned.report.deeds?.filter(({ result }) => result === 'deleted').length ?? 0;
    log(`--clean deleted ${deleted} in ${cleaned.ms} ms: ${touched} healthy ones touched, ${kept} leaks left in the driver`);
    const ok = missed + wrong + touched + kept === 0 && causes === KINDS && deleted === leaks.size;
    return { ok, healthy: healthy.size, planted: planted.size, missed, wrong, touched, kept, auditMs: found.ms, cleanMs: cleaned.ms };
  } finally {
    await world.close();
  }
}
