/** Both sides read, compared, and, where that is asked for, the leaks of the driver deleted. */
import type { Clock } from '../../lib/doors/clock.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { OpenDriver } from '../driver/connect.ts';
import type { Finding } from './causes.ts';
import type { Deed } from './clean.ts';
import { clean } from './clean.ts';
import type { ClusterSide, DriverSide, Policy } from './facts.ts';
import { findLeaks, findLost } from './find.ts';
import type { Found } from './found.ts';
import { gatherCluster } from './gather-cluster.ts';
import { gatherDriver, inBoth, inEither, knowsVolume, snapshotsOf } from './gather-driver.ts';

export interface AuditOptions {
  readonly driver: OpenDriver;
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly policy: Policy;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

export interface Audited extends Found {
  readonly driver: DriverSide;
  readonly cluster: ClusterSide;
}

/** Rejects with CsiError or ApiError where a side does not answer. */
export async function audit({ driver, client, policy, say, signal }: AuditOptions): Promise<Audited> {
  say('asking the driver what it holds');
  const before = await gatherDriver(driver, signal);
  say('reading the cluster');
  const cluster = await gatherCluster(client, driver.identity.name, signal);
  say('asking the driver again');
  const after = await gatherDriver(driver, signal);
  const both = inBoth(before, after);
  const found = findLeaks({ driver: both, cluster, policy });
  const lost: Finding[] = [];
  for (const finding of findLost({ driver: inEither(before, after), cluster })) {
    say(`asking for ${finding.kind} ${finding.id}`);
    lost.push((await isKnown(driver, finding, signal)) === true ? { ...finding, cause: 'not-listed' } : finding);
  }
  return { driver: both, cluster, findings: [...found.findings, ...lost], underWay: found.underWay };
}

async function isKnown({ calls }: OpenDriver, { kind, id }: Finding, signal: AbortSignal): Promise<boolean | undefined> {
  return kind === 'volume' ? knowsVolume(calls, id, signal) : (await snapshotsOf(calls, signal, id)).has(id);
}

/** What a deletion rests on is never older. */
const FRESH_MS = 1000;

export function cleanLeaks({ driver, client, clock, policy, say, signal }: AuditOptions, audited: Audited): Promise<Deed[]> {
  let cluster = audited.cluster;
  let readMs = Number.NEGATIVE_INFINITY;
  return clean({
    findings: audited.findings,
    signal,
    begun: (done, all) => say(`deleting: ${done} of ${all}`),
    again: async (finding) => {
      if (clock.monotonic() - readMs > FRESH_MS) {
        const begunMs = clock.monotonic();
        cluster = await gatherCluster(client, driver.identity.name, signal);
        readMs = begunMs;
      }
      const only = await onlyThis(driver, audited.driver, { finding, signal });
      return findLeaks({ driver: only, cluster, policy }).findings.find(({ kind, id }) => kind === finding.kind && id === finding.id);
    },
    deletes: async ({ kind, id }) => {
      if (kind === 'snapshot') await driver.calls.deleteSnapshot({ snapshotId: id, secrets: {} }, signal);
      else await driver.calls.deleteVolume({ volumeId: id, secrets: {} }, signal);
    },
  });
}

/** The driver's side with nothing but one leak in it, as it is now. */
async function onlyThis(
  { calls }: OpenDriver,
  side: DriverSide,
  { finding, signal }: { readonly finding: Finding; readonly signal: AbortSignal },
): Promise<DriverSide> {
  if (finding.kind === 'snapshot') {
    const snapshot = (await snapshotsOf(calls, signal, finding.id)).get(finding.id);
    return { name: side.name, volumes: new Map(), snapshots: new Map(snapshot === undefined ? [] : [[finding.id, snapshot]]) };
  }
  const volume = side.volumes?.get(finding.id);
  return { name: side.name, snapshots: new Map(), volumes: new Map(volume === undefined ? [] : [[finding.id, volume]]) };
}
