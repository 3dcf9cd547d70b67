/** The last thing that went wrong with an object, as its status or the newest Warning says it, and what can heal it. */
import { EVENTS } from '../../lib/kube/resources.ts';
import type { KubeObject } from '../../lib/kube/objects.ts';
import { listAll, type ReadOnlyClient } from '../reading/read-only-client.ts';

export interface LastError {
  readonly message: string;
  /** As Go names it; undefined where it is no answer of a driver. */
  readonly grpcCode: string | undefined;
  /** `waiting`: the next try may succeed. `change`: something has to be changed first. */
  readonly healedBy: 'waiting' | 'change' | 'unknown';
  /** RFC 3339. */
  readonly at: string | undefined;
}

const WAITING = new Set(['Unavailable', 'DeadlineExceeded', 'Aborted', 'ResourceExhausted', 'Internal', 'Canceled', 'Unknown']);
const CHANGE = new Set([
  'InvalidArgument',
  'OutOfRange',
  'AlreadyExists',
  'Unimplemented',
  'PermissionDenied',
  'Unauthenticated',
  'FailedPrecondition',
  'NotFound',
  'DataLoss',
]);

export function readError(message: string, at: string | undefined): LastError {
  const grpcCode = /\bcode = (\w+)/.exec(message)?.[1];
  const healedBy = grpcCode === undefined ? 'unknown' : WAITING.has(grpcCode) ? 'waiting' : CHANGE.has(grpcCode) ? 'change' : 'unknown';
  return { message, grpcCode, healedBy, at };
}

/** The newest Warning about it. Events live an hour. */
export async function newestWarning(client: ReadOnlyClient, { metadata }: KubeObject, signal: AbortSignal): Promise<LastError | undefined> {
  const { uid, namespace = 'default' } = metadata ?? {};
  if (uid === undefined) return undefined;
  const { items } = await listAll(client, EVENTS, { signal, namespace, fieldSelector: `involvedObject.uid=${uid},type=Warning` });
  const newest = items.toSorted((a, b) => ((a.lastTimestamp ?? '') < (b.lastTimestamp ?? '') ? 1 : -1))[0];
  return newest === undefined ? undefined : readError(`${newest.reason ?? ''}: ${newest.message ?? ''}`, newest.lastTimestamp);
}
