/**
 * Who led and who acted, from an audit log alone. Pure: a leader is the user whose write of the election
 * lease the server took last, and any other write of a rival that is not the leader is a second leader.
 */
import type { AuditCall } from '../../harness/real/audit.ts';

export interface Rivalry {
  /** Name of the election lease. */
  readonly lease: string;
  /** The users of the replicas; everybody else is left out. */
  readonly users: readonly string[];
  readonly calls: readonly AuditCall[];
}

export interface Reign {
  readonly user: string;
  /** Milliseconds since the epoch, by the server's clock: the first and the last write of the lease. */
  readonly fromMs: number;
  readonly renewedMs: number;
  /** Writes of other objects while it led. */
  readonly writes: number;
}

export interface Verdict {
  readonly reigns: readonly Reign[];
  /** Writes by somebody who did not lead, one line each. */
  readonly usurpations: readonly string[];
}

const WRITES: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

/** Events are reports, not acts: an old leader sends the last of them after it has given the lease back. */
function isAct({ verb, resource }: AuditCall): boolean {
  return WRITES.has(verb) && resource !== 'events';
}

export function judge({ lease, users, calls }: Rivalry): Verdict {
  const reigns: { user: string; fromMs: number; renewedMs: number; writes: number }[] = [];
  const usurpations: string[] = [];
  const acts = calls.filter((call) => users.includes(call.user) && call.code < 300 && isAct(call));
  // The log is in the order of the answers; times of one server, all with six decimals, sort as text.
  for (const call of acts.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))) {
    const present = reigns.at(-1);
    if (call.resource === 'leases' && call.name === lease) {
      const ms = Date.parse(call.at);
      if (present?.user === call.user) present.renewedMs = ms;
      else reigns.push({ user: call.user, fromMs: ms, renewedMs: ms, writes: 0 });
    } else if (present?.user === call.user) {
      present.writes += 1;
    } else {
      usurpations.push(`${call.user}: ${call.verb} ${call.resource} ${call.name} at ${call.at} while ${present?.user ?? 'nobody'} led`);
    }
  }
  return { reigns, usurpations };
}

/** What a user did after its last write of the lease: nothing, if that write gave the lease back. */
export function actsAfterLease({ lease, calls }: Rivalry, user: string): string[] {
  const own = calls.filter((call) => call.user === user && call.code < 300 && isAct(call)).toSorted((a, b) => (a.at < b.at ? -1 : 1));
  const last = own.findLastIndex(({ resource, name }) => resource === 'leases' && name === lease);
  return own
    .slice(last + 1)
    .map(({ verb, resource, name, at }) => `${user}: ${verb} ${resource} ${name} at ${at} after the lease was given back`);
}
