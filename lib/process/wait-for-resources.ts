/** Waits until the API server answers and serves the custom resources that a role needs, as snapshot-controller does. */
import { errorText } from '../errors/error-text.ts';
import type { Clock } from '../doors/clock.ts';
import type { Logger } from '../doors/log.ts';
import { sleep } from '../doors/sleep.ts';
import { isForbidden, isNotFound } from '../kube/api-error.ts';
import type { KubeClient } from '../kube/client.ts';
import type { RoleDefinition } from './role-definition.ts';
import { TerminalError } from '../errors/terminal-error.ts';

export type RequiredResource = RoleDefinition<unknown>['requiredResources'][number];

export interface WaitOptions {
  readonly client: Pick<KubeClient, 'list' | 'raw'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** None: only the server itself is waited for. */
  readonly resources: readonly RequiredResource[];
  /** How long to wait in all. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

const FIRST_WAIT_MS = 100;
const WAIT_GROWTH = 1.5;
const NOTICE_MS = 10_000;

/** Resolves when all are served, or at once when the signal fires. Rejects with TerminalError at the limit. */
export async function waitForResources(options: WaitOptions): Promise<void> {
  const { clock, log, limitMs, signal } = options;
  const started = clock.monotonic();
  let waitMs = FIRST_WAIT_MS;
  let toldAt = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    const missing = await findMissing(options);
    if (missing === undefined || signal.aborted) return;
    const waited = clock.monotonic() - started;
    if (waited >= limitMs) throw missing;
    if (waited - toldAt >= NOTICE_MS) {
      log.warn('Waiting for the API server and its custom resources', { problem: missing.message, limitMs });
      toldAt = waited;
    }
    await sleep(clock, Math.min(waitMs, limitMs - waited), signal);
    waitMs *= WAIT_GROWTH;
  }
}

/** What is wrong, as the error to end with, or undefined. */
async function findMissing({ client, resources, signal }: WaitOptions): Promise<TerminalError | undefined> {
  const missing: string[] = [];
  try {
    if (resources.length === 0) await client.raw('/version', signal);
    for (const resource of resources) {
      // A list, not discovery: it is what the Go program asks, so the RBAC for it is there.
      const listed = client.list({ ...resource, kind: resource.plural, namespaced: false }, { limit: 1, signal });
      const name = `${resource.plural}.${resource.group}`;
      await listed.catch((error: unknown) => {
        if (!isNotFound(error)) throw isForbidden(error) ? forbidden(name) : error;
        missing.push(`${name} (${resource.version})`);
      });
    }
  } catch (error) {
    // Whatever it refuses, a server that answers a question about its version is there.
    if (resources.length === 0 && (isForbidden(error) || isNotFound(error))) return undefined;
    return error instanceof TerminalError ? error : unusable(error);
  }
  if (missing.length === 0) return undefined;
  const remedy = 'install the custom resources with `csi-sidecars install-crds` or `kubectl apply -f deploy/crds`';
  return new TerminalError('RESOURCES_MISSING', `the API server does not serve ${missing.join(', ')}: ${remedy}`);
}

function forbidden(name: string): TerminalError {
  return new TerminalError(
    'API_UNUSABLE',
    `listing ${name} is forbidden: grant list and watch on it, as rbac.yaml of the program does in deploy/`,
  );
}

function unusable(error: unknown): TerminalError {
  const why = errorText(error);
  return new TerminalError('API_UNUSABLE', `the API server cannot be used (${why}): check --kubeconfig and that the server is up`, {
    cause: error,
  });
}
