/**
 * With an election: since when each role is led, by the rules of the Go programs on the same course of events. Which
 * program holds a lease is a fact that the Lease shows; when the next one must hold it is a matter of the rules.
 *
 * Sources: client-go's leader election with the defaults of the Go programs (lease 15 s). A lease that was given back
 * is free. One that was not is free once its record has stayed the same for its duration. The Go programs do not give a
 * lease back at SIGTERM unless a feature gate says so; with it they do as ours. Their standbys look every 5 to 11 s,
 * which is luck: nobody is granted it here. One difference is left to ours (README): a process that was killed waits
 * for its own old lease, as its identity is its own and not that of its host.
 */
import type { Lease } from '../../lib/kube/objects.ts';
import type { Mirror } from './mirror.ts';

type ElectedRole = 'snapshot-controller' | 'csi-snapshotter' | 'csi-provisioner';

const ROLES: readonly ElectedRole[] = ['snapshot-controller', 'csi-snapshotter', 'csi-provisioner'];
/** Names of the leases, by role. */
export const LEASES: Readonly<Record<string, string>> = {
  'snapshot-controller': 'snapshot-controller-leader',
  'csi-snapshotter': 'external-snapshotter-leader-mock-csi-example',
  'csi-provisioner': 'mock-csi-example',
} satisfies Record<ElectedRole, string>;
const LEASE_MS = 15_000;

interface Led {
  /** Identity in the lease; empty: nobody holds it. */
  identity: string;
  /** The program with this identity; empty: none, or one that is gone. */
  holder: string;
  /** Whoever has the identity was told to end. */
  ending: boolean;
  /** When the record was written last. */
  writtenMs: number;
  /** Since when the holder leads, or ought to: it may have taken the lease late. */
  sinceMs: number;
  /** When it began to know what it knows. */
  bornMs: number;
}

interface Running {
  /** Since when it sees what the record is. */
  readonly startedMs: number;
  /** Since when it can act. */
  readonly atMs: number;
}

export interface LeadershipInit {
  readonly leases: Mirror['leases'];
  /** `<role>-<number>` each; the identity of a life begins with the name of its program. */
  readonly programs: readonly string[];
  readonly now: () => number;
  /** Another took its lease: what it still does is nobody's wait any more. */
  readonly deposed: (program: string) => void;
}

export class Leadership {
  private readonly init: LeadershipInit;
  private readonly led: ReadonlyMap<ElectedRole, Led>;
  /** Programs that run. */
  private readonly up = new Map<string, Running>();
  /** Those that stand still. */
  private readonly stopped = new Map<string, Running>();

  constructor(init: LeadershipInit) {
    this.init = init;
    this.led = new Map(ROLES.map((role) => [role, { identity: '', holder: '', ending: false, writtenMs: 0, sinceMs: 0, bornMs: 0 }]));
    init.leases.listeners.push(({ object }) => {
      if (object !== undefined) this.written(object);
    });
  }

  /** It was told to end: that it holds on to its lease on its way out is granted to nobody. */
  ends(program: string): void {
    this.up.delete(program);
    for (const led of this.led.values()) if (led.holder === program) led.ending = true;
  }

  /** It died. What it sent before still counts. */
  goes(program: string): void {
    this.up.delete(program);
    this.stopped.delete(program);
    for (const led of this.led.values()) if (led.holder === program) led.holder = '';
  }

  starts(program: string): void {
    const now = this.init.now();
    this.up.set(program, { startedMs: now, atMs: now });
  }

  /** It stands still, and knows what it knew when it goes on. */
  stops(program: string): void {
    const running = this.up.get(program);
    if (running !== undefined) this.stopped.set(program, running);
    this.up.delete(program);
  }

  goesOn(program: string): void {
    const now = this.init.now();
    for (const [role, led] of this.led) if (led.holder === program) led.sinceMs = Math.min(now, this.dueMs(role, led) ?? now);
    this.up.set(program, { startedMs: this.stopped.get(program)?.startedMs ?? now, atMs: now });
    this.stopped.delete(program);
  }

  /** Since when every role is led; it may lie ahead. Undefined: of one role no program runs. */
  since(): number | undefined {
    let latest = 0;
    for (const [role, led] of this.led) {
      const ms = this.up.has(led.holder) ? led.sinceMs : this.dueMs(role, led);
      if (ms === undefined) return undefined;
      latest = Math.max(latest, ms);
    }
    return latest;
  }

  /** When the leader began to know what it knows. */
  bornMs(role: ElectedRole): number {
    const led = this.led.get(role);
    if (led === undefined) return 0;
    return this.up.has(led.holder) ? led.bornMs : (this.dueMs(role, led) ?? 0);
  }

  /** Nobody leads: when the first may, of those who run. */
  private dueMs(role: ElectedRole, { identity, writtenMs }: Led): number | undefined {
    let dueMs: number | undefined;
    for (const [program, { startedMs, atMs }] of this.up) {
      if (!program.startsWith(`${role}-`)) continue;
      // Nobody trusts the time in a record: who comes later counts from when it saw it first.
      const freeMs = identity === '' ? writtenMs : Math.max(writtenMs, startedMs) + LEASE_MS;
      dueMs = Math.min(dueMs ?? Infinity, Math.max(freeMs, atMs));
    }
    return dueMs;
  }

  private written({ metadata, spec }: Lease): void {
    for (const [role, led] of this.led) {
      if (LEASES[role] !== metadata?.name) continue;
      const now = this.init.now();
      const identity = spec?.holderIdentity ?? '';
      if (identity !== led.identity) {
        const dueMs = this.up.has(led.holder) ? now : (this.dueMs(role, led) ?? now);
        if (led.holder !== '' && identity !== '') this.init.deposed(led.holder);
        led.identity = identity;
        led.holder = this.init.programs.find((program) => identity.startsWith(program)) ?? '';
        led.ending = false;
        led.sinceMs = Math.min(now, dueMs);
        led.bornMs = now;
      } else if (led.ending) continue;
      led.writtenMs = now;
    }
  }
}
