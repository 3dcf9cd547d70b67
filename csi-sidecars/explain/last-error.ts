/** The last thing that went wrong with an object, as its status or the newest Warning says it, and what can heal it. */
import { GrpcCode, grpcCodeName } from '../../lib/csi/grpc-code.ts';
import { EVENTS } from '../../lib/kube/resources.ts';
import type { KubeObject } from '../../lib/kube/objects.ts';
import { causeOfAnswer, type FailureNote } from '../../snapshotter/failure-note.ts';
import { listVisible, type ReadOnlyClient } from '../reading/read-only-client.ts';

export interface LastError {
  readonly message: string;
  /** As Go names it; undefined where it is no answer of a driver. */
  readonly grpcCode: string | undefined;
  /** `waiting`: the next try may succeed. `change`: something has to be changed first. */
  readonly healedBy: 'waiting' | 'change' | 'unknown';
  /** RFC 3339. */
  readonly at: string | undefined;
}

const CODES: ReadonlyMap<string, number> = new Map(Object.values(GrpcCode).map((code) => [grpcCodeName(code), code]));

/** `note`: what the sidecar wrote beside it for programs, where it did. */
export function readError(message: string, at: string | undefined, note?: FailureNote): LastError {
  if (note !== undefined) return { message, grpcCode: note.code, healedBy: note.retryable ? 'waiting' : 'change', at };
  const grpcCode = /\bcode = (\w+)/.exec(message)?.[1];
  const known = CODES.get(grpcCode ?? '');
  const healedBy = known === undefined ? 'unknown' : causeOfAnswer(known).retryable ? 'waiting' : 'change';
  return { message, grpcCode, healedBy, at };
}

/** The newest Warning about it. Events live an hour. */
export async function newestWarning(client: ReadOnlyClient, { metadata }: KubeObject, signal: AbortSignal): Promise<LastError | undefined> {
  const { uid, namespace = 'default' } = metadata ?? {};
  if (uid === undefined) return undefined;
  const { items } = await listVisible(client, EVENTS, { signal, namespace, fieldSelector: `involvedObject.uid=${uid},type=Warning` });
  const newest = items.toSorted((a, b) => ((a.lastTimestamp ?? '') < (b.lastTimestamp ?? '') ? 1 : -1))[0];
  return newest === undefined ? undefined : readError(`${newest.reason ?? ''}: ${newest.message ?? ''}`, newest.lastTimestamp);
}
