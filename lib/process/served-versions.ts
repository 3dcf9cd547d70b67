/** Which version of the kinds that a role can do without is served: asked once at the start. */
import { errorText } from '../errors/error-text.ts';
import type { Clock } from '../doors/clock.ts';
import type { Logger } from '../doors/log.ts';
import { sleep } from '../doors/sleep.ts';
import { isForbidden, isNotFound } from '../kube/api-error.ts';
import type { KubeClient } from '../kube/client.ts';

/** Kinds of one API group that a role uses where all of them are served in one version. */
export interface OptionalKinds {
  /** For people: what is missing without them. */
  readonly purpose: string;
  readonly group: string;
  /** Best first. */
  readonly versions: readonly string[];
  readonly plurals: readonly string[];
}

export interface ServedVersionsOptions {
  readonly client: Pick<KubeClient, 'list'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const FIRST_WAIT_MS = 100;
const LAST_WAIT_MS = 10_000;
const WAIT_GROWTH = 1.5;

/**
 * The version by API group, in which all kinds of all roles are served; a group that is absent is not served, or not in a known version, or its kinds may not be
 * listed, which is said once in the log. An API server that cannot answer is asked again until the signal fires.
 */
export async function servedVersions(
  kinds: readonly OptionalKinds[],
  options: ServedVersionsOptions,
): Promise<ReadonlyMap<string, string>> {
  const served = new Map<string, string>();
  for (const [group, first] of new Map(kinds.map((one) => [one.group, one]))) {
    const plurals = new Set(kinds.flatMap((one) => (one.group === group ? one.plurals : [])));
    const version = await bestVersion({ ...first, plurals: [...plurals] }, options);
    if (version !== undefined) served.set(group, version);
  }
  return served;
}

async function bestVersion(kinds: OptionalKinds, options: ServedVersionsOptions): Promise<string | undefined> {
  const { log, signal } = options;
  const problems: string[] = [];
  for (const version of kinds.versions) {
    const problem = await problemWith({ ...kinds, version }, options);
    if (problem === undefined || signal.aborted) return version;
    problems.push(problem);
  }
  log.warn('Some kinds cannot be used: what needs them is off until the next start', {
    off: kinds.purpose,
    problem: problems.join('; '),
    remedy: 'install the custom resources and grant list and watch on them, as deploy/ does, or switch the feature gate off',
  });
  return undefined;
}

/** Undefined where all kinds can be listed. */
async function problemWith(
  { group, version, plurals }: OptionalKinds & { readonly version: string },
  { client, clock, log, signal }: ServedVersionsOptions,
): Promise<string | undefined> {
  let waitMs = FIRST_WAIT_MS;
  for (const plural of plurals)
    while (!signal.aborted)
      try {
        // A list, not discovery: it is what the Go programs ask, so the RBAC for it is there.
        await client.list({ group, version, plural, kind: plural, namespaced: false }, { limit: 1, signal });
        break;
      } catch (error) {
        if (signal.aborted) return undefined;
        if (isNotFound(error)) return `${plural}.${group} is not served in version ${version}`;
        if (isForbidden(error)) return `listing ${plural}.${group} in version ${version} is forbidden`;
        log.warn('The API server cannot say which kinds it serves and is asked again', { group, problem: errorText(error) });
        await sleep(clock, waitMs, signal);
        waitMs = Math.min(waitMs * WAIT_GROWTH, LAST_WAIT_MS);
      }
  return undefined;
}
