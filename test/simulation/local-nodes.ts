/** The nodes of a world in which each has a driver and sidecars of its own. One that is away has taken them along. */
import type { Lease } from '../../lib/kube/objects.ts';
import { openEntries } from './journal.ts';
import type { Mirror } from './mirror.ts';

export class LocalNodes {
  readonly names: readonly string[];
  private readonly away = new Set<string>();
  private readonly gone = new Set<string>();
  private readonly leases: Mirror['leases'];

  constructor(names: readonly string[], leases: Mirror['leases']) {
    this.names = names;
    this.leases = leases;
  }

  isServed(node: string): boolean {
    return this.names.includes(node) && !this.away.has(node);
  }

  isAway(node: string): boolean {
    return this.away.has(node);
  }

  leaves(node: string): void {
    this.away.add(node);
  }

  leavesForGood(node: string): void {
    this.gone.add(node);
  }

  /** False: it was not away, or never comes back. */
  returns(node: string): boolean {
    return !this.gone.has(node) && this.away.delete(node);
  }

  /** Claims (uid) with an entry in the journal of a node that is away. */
  accountsAway(): readonly string[] {
    const leases = [...this.away].flatMap((node) => this.leasesOf(node));
    return [...openEntries(leases).keys()];
  }

  /** What the programs on the node hold. */
  leasesOf(node: string): readonly Lease[] {
    return this.leases.all().filter(({ spec }) => spec?.holderIdentity?.startsWith(`${node}_`) === true);
  }
}
