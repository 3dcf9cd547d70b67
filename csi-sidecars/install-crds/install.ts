/**
 * Brings a cluster's six snapshot CRDs to what this release needs: creates what is missing, replaces what
 * is older, and leaves alone what is good enough, newer or somebody's own. Running it twice is running it once.
 */
import type { Clock } from '../../lib/doors/clock.ts';
import { sleep } from '../../lib/doors/sleep.ts';
import { isAlreadyExists, isNotFound, isPrecondition } from '../../lib/kube/api-error.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { Resource } from '../../lib/kube/objects.ts';
import { CUSTOM_RESOURCE_DEFINITIONS } from '../../lib/kube/resources.ts';
import type { Crd } from './crd.ts';
import type { Verdict } from './judge.ts';
import { judgeCrd } from './judge.ts';

export interface CrdReport {
  readonly name: string;
  /** What was found, before anything was done. */
  readonly found: Verdict;
  readonly action: 'none' | 'created' | 'replaced' | 'refused';
  /** True if the programs can work with what is there now. */
  readonly usable: boolean;
  /** Why not, if not. */
  readonly problem?: string;
}

export interface InstallOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly crds: readonly Crd[];
  /** Look only. */
  readonly check: boolean;
  readonly signal: AbortSignal;
}

const CRDS: Resource<Crd> = CUSTOM_RESOURCE_DEFINITIONS;

/** kube-apiserver takes a second or two to serve a new kind. */
const ESTABLISH_LIMIT_MS = 30_000;
const ESTABLISH_POLL_MS = 200;
/** Somebody else installs at the same moment. */
const CONFLICT_ATTEMPTS = 5;

/** One report a CRD, in the order given. Rejects with ApiError where the server cannot be asked or refuses. */
export async function installCrds(options: InstallOptions): Promise<CrdReport[]> {
  const reports: CrdReport[] = [];
  for (const crd of options.crds) reports.push(await installCrd(crd, options));
  // Asked for all at once first, so that the waits overlap.
  return Promise.all(reports.map((report) => established(report, options)));
}

async function find({ client, signal }: InstallOptions, name: string): Promise<Crd | undefined> {
  try {
    return await client.get(CRDS, { name }, signal);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function installCrd(ours: Crd, options: InstallOptions): Promise<CrdReport> {
  const name = ours.metadata?.name ?? '';
  for (let attempt = 1; ; attempt += 1) {
    const theirs = await find(options, name);
    const found = judgeCrd(ours, theirs);
    const usable = found.state === 'good' || found.state === 'older';
    if (options.check || found.state === 'good') return { name, found, action: 'none', usable, ...problem(usable, found) };
    if (found.blockers.length > 0) return { name, found, action: 'refused', usable, problem: found.blockers.join('; ') };
    try {
      if (theirs === undefined) await options.client.create(CRDS, ours, { signal: options.signal });
      else await options.client.replace(CRDS, merged(ours, theirs), { signal: options.signal });
      return { name, found, action: theirs === undefined ? 'created' : 'replaced', usable: true };
    } catch (error) {
      if (!(isAlreadyExists(error) || isPrecondition(error)) || attempt === CONFLICT_ATTEMPTS) throw error;
    }
  }
}

function problem(usable: boolean, { gaps }: Verdict): { readonly problem?: string } {
  return usable ? {} : { problem: gaps.join('; ') };
}

/** Ours, with the labels and annotations that others put on theirs (Helm knows its objects by them). */
function merged(ours: Crd, theirs: Crd): Crd {
  return {
    ...ours,
    metadata: {
      ...theirs.metadata,
      labels: { ...theirs.metadata?.labels, ...ours.metadata?.labels },
      annotations: { ...theirs.metadata?.annotations, ...ours.metadata?.annotations },
    },
  };
}

async function established(report: CrdReport, options: InstallOptions): Promise<CrdReport> {
  if (report.action !== 'created' && report.action !== 'replaced') return report;
  const { clock, signal } = options;
  const end = clock.monotonic() + ESTABLISH_LIMIT_MS;
  for (;;) {
    const crd = await find(options, report.name);
    const conditions = crd?.status?.conditions ?? [];
    if (conditions.some(({ type, status }) => type === 'Established' && status === 'True')) return report;
    const refused = conditions.find(
      ({ type, status }) => (type === 'NamesAccepted' && status === 'False') || (type === 'NonStructuralSchema' && status === 'True'),
    );
    if (refused !== undefined)
      return { ...report, usable: false, problem: `${refused.type} ${refused.status}: ${refused.message ?? refused.reason ?? ''}` };
    if (signal.aborted || clock.monotonic() >= end)
      return {
        ...report,
        usable: false,
        problem: `not served after ${ESTABLISH_LIMIT_MS / 1000} s: look at its conditions with kubectl describe crd ${report.name}`,
      };
    await sleep(clock, ESTABLISH_POLL_MS, signal);
  }
}
