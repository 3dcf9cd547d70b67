/**
 * How long a claim without a node waits until one has taken it, where each node has a provisioner of its own. As in the
 * Go program: each waits for a random part of the base delay first, and for as long as the longest delay where it
 * tried before.
 */
import type { PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import { toBytesRoundedUp } from '../../lib/kube/quantity.ts';
import type { Records } from '../../mock-driver/model/records.ts';
import type { Calm } from './calm.ts';
import type { Known } from './causes.ts';
import { causeOfClaim, causeOfSource } from './causes.ts';
import type { Due } from './go-rules.ts';
import { nodeOfClaim, nodeOfSource } from './local-places.ts';
import { ZONE } from './manifests.ts';
import { roomIn } from './rooms.ts';

/** Defaults of `--node-deployment-base-delay` and `--node-deployment-max-delay`. */
const BASE_DELAY_MS = 20_000;
const MAX_DELAY_MS = 60_000;

interface Race {
  /** Since when it has no node. */
  readonly sinceMs: number;
  /** It had one before. */
  readonly again: boolean;
  /** Since when a node may take it; undefined: none may. */
  openMs: number | undefined;
}

export class Competition {
  private readonly races = new Map<string, Race>();
  private readonly known: Known;
  private readonly records: () => Pick<Records, 'nodes' | 'volumes'>;
  private readonly now: () => number;

  constructor(known: Known, records: () => Pick<Records, 'nodes' | 'volumes'>, now: () => number) {
    this.known = known;
    this.records = records;
    this.now = now;
    known.mirror.claims.listeners.push(({ old, object }) => {
      const uid = object?.metadata?.uid ?? '';
      if (object === undefined || nodeOfClaim(object) !== undefined) return;
      const again = old !== undefined && nodeOfClaim(old) !== undefined;
      if (again || !this.races.has(uid)) this.races.set(uid, { sinceMs: now(), again, openMs: undefined });
    });
  }

  /** Undefined: it has a node, its Pod chooses one, or none may take it. */
  owed(claim: PersistentVolumeClaim, calm: Pick<Calm, 'untouched'>, sinceMs: number): Due | undefined {
    const race = this.races.get(claim.metadata?.uid ?? '');
    if (race === undefined || nodeOfClaim(claim) !== undefined || !this.isOpen(claim)) {
      if (race !== undefined) race.openMs = undefined;
      return undefined;
    }
    race.openMs ??= this.now();
    const isFirst = calm.untouched && !race.again && race.openMs === race.sinceMs;
    return { what: 'a node', dueMs: Math.max(race.sinceMs, race.openMs, sinceMs) + (isFirst ? BASE_DELAY_MS : MAX_DELAY_MS) };
  }

  private isOpen(claim: PersistentVolumeClaim): boolean {
    const { known } = this;
    if (causeOfClaim(known, claim)?.what !== 'nodes compete for it' || causeOfSource(known, claim) !== undefined) return false;
    const storageClass = known.mirror.classes.all().find(({ metadata }) => metadata?.name === claim.spec?.storageClassName);
    const allowed = (storageClass?.allowedTopologies ?? []).flatMap(({ matchLabelExpressions }) => matchLabelExpressions ?? []);
    const wanted = toBytesRoundedUp(claim.spec?.resources?.requests?.['storage'] ?? '0') ?? 0n;
    const source = nodeOfSource(known.mirror, claim);
    const records = this.records();
    return records.nodes.some(({ id }) => {
      const mayBe = allowed.length === 0 || allowed.some(({ key, values }) => key === ZONE && values?.includes(id) === true);
      const isNear = source === undefined || source === id;
      return mayBe && isNear && known.isServed?.(id) === true && roomIn(records, { [ZONE]: id }) >= wanted;
    });
  }
}
