/**
 * `csi-sidecars install-crds [--check] [--json] [--kubeconfig=F] [--crds=DIR]`: the six snapshot CRDs of this
 * release, applied where they are missing or older, and a line each on what the cluster has.
 *
 * Exit 0: the programs can work with what is there now. 1: they cannot, or the server could not be asked.
 * 2: usage.
 */
import type { Doors } from '../../lib/doors/doors.ts';
import { ApiError, isForbidden } from '../../lib/kube/api-error.ts';
import { createKubeClient } from '../../lib/kube/kube-client.ts';
import { loadCluster } from '../../lib/kube/kubeconfig.ts';
import { formatHelp } from '../../lib/process/flag-help.ts';
import { scanFlags } from '../../lib/process/flag-syntax.ts';
import type { Flag } from '../../lib/process/flag.ts';
import type { OptionsOf } from '../../lib/process/flags.ts';
import { readFlags, readOptions } from '../../lib/process/flags.ts';
import { readCrds } from './crd-files.ts';
import type { CrdReport } from './install.ts';
import { installCrds } from './install.ts';

export const INSTALL_CRDS_FLAGS = [
  {
    name: 'kubeconfig',
    type: 'string',
    default: '',
    help: 'Kubeconfig file. Default: $KUBECONFIG, the Pod this runs in, ~/.kube/config.',
    origin: 'ours',
  },
  { name: 'check', type: 'bool', default: 'false', help: 'Change nothing: only say what is missing.', origin: 'ours' },
  { name: 'json', type: 'bool', default: 'false', help: 'Text on stderr, one JSON object on stdout.', origin: 'ours' },
  { name: 'crds', type: 'string', default: '', help: 'Folder of the CRD files, if not the one shipped with the program.', origin: 'ours' },
] as const satisfies readonly Flag[];

export interface VerbInput {
  /** The words behind `install-crds`. */
  readonly words: readonly string[];
  readonly doors: Doors;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly signal: AbortSignal;
}

export async function runInstallCrds(input: VerbInput): Promise<number> {
  const scanned = scanFlags(input.words, 'pflag', INSTALL_CRDS_FLAGS);
  if (scanned.help) {
    // No Go program has this verb, so there is nothing to mark as "not in the Go program".
    const flags = INSTALL_CRDS_FLAGS.map((flag) => ({ ...flag, origin: 'peer' as const }));
    input.out(formatHelp({ program: 'csi-sidecars install-crds', syntax: 'pflag', flags }).trimEnd());
    return 0;
  }
  const values = readFlags(INSTALL_CRDS_FLAGS, scanned.given);
  const faults = [...scanned.faults, ...scanned.rest.map((word) => `${word} is no flag: install-crds takes flags only`), ...values.faults];
  if (faults.length > 0) {
    for (const fault of faults) input.err(`install-crds: ${fault}`);
    return 2;
  }
  const options = readOptions(INSTALL_CRDS_FLAGS, values);
  try {
    const reports = await install(input, options);
    return tell(input, reports, options);
  } catch (error) {
    const text = textOf(error);
    input.err(`install-crds: ${text}`);
    if (options.json) input.out(JSON.stringify({ ok: false, error: text }));
    return 1;
  }
}

async function install({ doors, signal }: VerbInput, options: OptionsOf<typeof INSTALL_CRDS_FLAGS>): Promise<CrdReport[]> {
  const crds = await readCrds(doors.files, options.crds === '' ? undefined : options.crds);
  const kubeconfig = options.kubeconfig === '' ? defaultKubeconfig(doors) : options.kubeconfig;
  const { target, credentials } = await loadCluster(doors, kubeconfig === undefined ? {} : { kubeconfig });
  const door = doors.http(target);
  try {
    const { clock, random } = doors;
    const client = createKubeClient({ door, clock, random, credentials, userAgent: 'csi-sidecars-install-crds' });
    return await installCrds({ client, clock, crds, check: options.check, signal });
  } finally {
    door.close();
  }
}

/** As kubectl finds it, but for lists of files. Undefined: the credentials of the Pod. */
function defaultKubeconfig({ host }: Doors): string | undefined {
  const named = host.env('KUBECONFIG');
  if (named !== undefined && named !== '') return named;
  if (host.env('KUBERNETES_SERVICE_HOST') !== undefined) return undefined;
  return `${host.env('HOME') ?? ''}/.kube/config`;
}

function tell(
  { out, err }: VerbInput,
  reports: readonly CrdReport[],
  { json, check }: { readonly json: boolean; readonly check: boolean },
): number {
  const ok = reports.every(({ usable }) => usable);
  const say = json ? err : out;
  const width = Math.max(...reports.map(({ name }) => name.length));
  for (const report of reports) say(`${report.name.padEnd(width)}  ${sentence(report)}`);
  if (!ok)
    say(
      check
        ? 'Not enough for this release: run csi-sidecars install-crds, or apply deploy/crds.'
        : 'Not enough for this release: see above.',
    );
  if (json) out(JSON.stringify({ ok, crds: reports.map(({ found, ...report }) => ({ ...report, ...found })) }));
  return ok ? 0 : 1;
}

export function sentence({ found, action, usable, problem }: CrdReport): string {
  const gaps = found.gaps.join('; ');
  switch (action) {
    case 'created':
      return usable ? 'created' : `created, but ${problem ?? ''}`;
    case 'replaced':
      return usable ? `replaced: ${gaps}` : `replaced, but ${problem ?? ''}`;
    case 'refused':
      return `${usable ? 'good enough' : 'NOT GOOD ENOUGH'} and left alone: ${gaps}. ${problem ?? ''}`;
    case 'none':
      switch (found.state) {
        case 'missing':
          return 'MISSING';
        case 'lacking':
          return `NOT GOOD ENOUGH: ${gaps}`;
        case 'older':
          return `good enough, older: ${gaps}`;
        case 'good':
          return 'good';
      }
  }
}

function textOf(error: unknown): string {
  if (error instanceof ApiError && error.status === 0)
    return `the API server does not answer (${error.message}): check the server in the kubeconfig, and that it runs`;
  if (isForbidden(error)) return `${error.message}: run this as somebody who may manage customresourcedefinitions`;
  return error instanceof Error ? error.message : String(error);
}
