/**
 * Leases on a server in memory, for tests of the journal: versions, conflicts, uids, labels, preconditions of a
 * DELETE. A fault decides for each request what becomes of it, and may hold it back until later.
 */
import { isDeepStrictEqual } from 'node:util';
import { apiError } from '../../../lib/controller/testing/memory-api.ts';
import type { ApiError } from '../../../lib/kube/api-error.ts';
import type { KubeClient } from '../../../lib/kube/client.ts';
import type { KubeObject, Lease } from '../../../lib/kube/objects.ts';

export interface LeaseCall {
  readonly verb: 'get' | 'list' | 'create' | 'replace' | 'delete';
  readonly name: string;
  readonly body?: Lease;
  /** Identity of the client. */
  readonly by: string;
}

/**
 * An error instead of the request; 'lost': applied, but no answer; 'late': no answer, and applied when the test
 * calls `arrive()`; a promise: the request waits for it.
 */
export type LeaseFault = ApiError | 'lost' | 'late' | Promise<void> | undefined;

export class LeaseServer {
  readonly leases = new Map<string, Lease>();
  readonly calls: LeaseCall[] = [];
  /** Bodies of writes, in bytes. */
  readonly sizes: number[] = [];
  fault: (call: LeaseCall) => LeaseFault = () => undefined;
  version = 100;
  readonly #late: (() => void)[] = [];

  /** What was late arrives now, in its order. */
  arrive(): void {
    for (const apply of this.#late.splice(0)) {
      try {
        apply();
      } catch {
        // Whoever sent it never hears of it.
      }
    }
  }

  lease(name: string): Lease {
    const lease = this.leases.get(name);
    if (lease === undefined) throw new Error(`no Lease ${name} among ${[...this.leases.keys()].join(', ')}`);
    return structuredClone(lease);
  }

  /** Somebody's write, whatever stands. */
  put(lease: Lease): Lease {
    const name = lease.metadata?.name ?? '';
    const present = this.leases.get(name);
    // As on the real server: a write that changes nothing leaves the version, so it fences nobody.
    if (present !== undefined && isDeepStrictEqual(withoutVersion(present), withoutVersion(lease))) return structuredClone(present);
    this.version += 1;
    const uid = this.leases.get(name)?.metadata?.uid ?? `uid-${this.version}`;
    const stored = { ...structuredClone(lease), metadata: { ...lease.metadata, uid, resourceVersion: String(this.version) } };
    this.leases.set(name, stored);
    return structuredClone(stored);
  }

  edit(name: string, change: (lease: Lease) => void): void {
    const lease = this.lease(name);
    change(lease);
    this.put(lease);
  }

  count(...verbs: readonly LeaseCall['verb'][]): number {
    return this.calls.filter(({ verb }) => verbs.includes(verb)).length;
  }

  get writes(): number {
    return this.count('create', 'replace', 'delete');
  }

  client(by: string): Pick<KubeClient, 'get' | 'create' | 'replace' | 'delete' | 'list'> {
    const answer = async <A>(call: LeaseCall, signal: AbortSignal, apply: () => A): Promise<A> => {
      await Promise.resolve();
      if (signal.aborted) throw apiError(0, 'Aborted');
      this.calls.push(call);
      const fault = this.fault(call);
      if (fault === 'late') {
        this.#late.push(apply);
        throw apiError(0, 'Unreachable');
      }
      if (fault === 'lost') {
        apply();
        throw apiError(0, 'Unreachable');
      }
      if (fault instanceof Promise) await fault;
      else if (fault !== undefined) throw fault;
      const result = apply();
      // An answer takes a turn: what is recorded meanwhile has to ride with the next write.
      await Promise.resolve();
      return result;
    };
    const find = (name: string): Lease => {
      if (!this.leases.has(name)) throw apiError(404, 'NotFound');
      return this.lease(name);
    };
    const write = (body: Lease): Lease => {
      this.sizes.push(Buffer.byteLength(JSON.stringify(body)));
      return this.put(body);
    };
    const client = {
      get: (_resource: unknown, { name }: { name: string }, signal: AbortSignal) =>
        answer({ verb: 'get', name, by }, signal, () => find(name)),
      list: (_resource: unknown, { labelSelector = '', signal }: { labelSelector?: string; signal: AbortSignal }) =>
        answer({ verb: 'list', name: '', by }, signal, () => {
          const [key = '', value = ''] = labelSelector.split('=');
          const items = [...this.leases.values()].filter(({ metadata }) => metadata?.labels?.[key] === value);
          return { items: structuredClone(items), resourceVersion: String(this.version), continueToken: undefined };
        }),
      create: (_resource: unknown, body: Lease, { signal }: { signal: AbortSignal }) => {
        const name = body.metadata?.name ?? '';
        return answer({ verb: 'create', name, body, by }, signal, () => {
          if (this.leases.has(name)) throw apiError(409, 'AlreadyExists');
          return write(body);
        });
      },
      replace: (_resource: unknown, body: Lease, { signal }: { signal: AbortSignal }) => {
        const name = body.metadata?.name ?? '';
        return answer({ verb: 'replace', name, body, by }, signal, () => {
          if (find(name).metadata?.resourceVersion !== body.metadata?.resourceVersion) throw apiError(409, 'Conflict');
          return write(body);
        });
      },
      delete: (_resource: unknown, { name }: { name: string }, options: { uid?: string; resourceVersion?: string; signal: AbortSignal }) =>
        answer({ verb: 'delete', name, by }, options.signal, () => {
          const { uid, resourceVersion } = find(name).metadata ?? {};
          if (options.uid !== uid || options.resourceVersion !== resourceVersion) throw apiError(409, 'Conflict');
          this.leases.delete(name);
          return undefined as KubeObject | undefined;
        }),
    };
    return client as unknown as Pick<KubeClient, 'get' | 'create' | 'replace' | 'delete' | 'list'>;
  }
}

function withoutVersion(lease: Lease): Lease {
  return { ...lease, metadata: { ...lease.metadata, resourceVersion: '', uid: '' } };
}
