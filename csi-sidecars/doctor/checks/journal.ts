/** The provisioner's journal: entries that nobody takes up, or whose claim is gone, are volumes that may exist without an object. */
import { JOURNAL_DRIVER_LABEL, JOURNAL_KIND_LABEL, readLease } from '../../../lib/journal/lease.ts';
import type { Lease } from '../../../lib/kube/objects.ts';
import { LEASES } from '../../../lib/kube/resources.ts';
import { parseTime } from '../../../lib/kube/time.ts';
import { readEntries } from '../../../provisioner/intent/intent.ts';
import { type Case, type Check, isAsked } from '../check.ts';
import type { Finding } from '../finding.ts';
import { placeOf } from '../../reading/place.ts';
import { releaseEntry } from '../../reading/release-entry.ts';

/** The holder's clock need not be ours. */
const CLOCKS_DIFFER_MS = 60_000;
const RELEASE = 'as docs/decisions/008-a-journal-sealed-at-take-over.md says under "How to release an entry"';

export const JOURNAL: Check = {
  name: 'journal',
  run: (given) => ({
    findings: given.survey.leases.items
      .filter(
        ({ metadata }) => metadata?.labels?.[JOURNAL_DRIVER_LABEL] !== undefined && isAsked(given, metadata.labels[JOURNAL_DRIVER_LABEL]),
      )
      .flatMap((lease) => look(given, lease)),
  }),
};

function look({ survey, nowMs }: Case, lease: Lease): Finding[] {
  const where = placeOf(LEASES, lease);
  const driver = lease.metadata?.labels?.[JOURNAL_DRIVER_LABEL] ?? '';
  const since = lease.spec?.renewTime ?? lease.metadata?.creationTimestamp;
  const breaks = 'a volume may exist in the storage that no object names';
  const read = readLease(lease);
  if (read.kind === 'unreadable')
    return [
      {
        severity: 'error',
        what: `the journal of ${driver} cannot be read: ${read.message}`,
        where,
        since,
        breaks: 'csi-provisioner provisions without a record',
        fix: `kubectl get lease ${where.name} -n ${where.namespace ?? ''} -o yaml # then ${RELEASE}`,
      },
    ];
  if (read.texts.size === 0) return [];
  const claims = new Set(survey.claims.items.map(({ metadata }) => metadata?.uid));
  const age = nowMs - (parseTime(lease.spec?.renewTime) ?? nowMs);
  const isAbandoned =
    lease.metadata?.labels?.[JOURNAL_KIND_LABEL] === 'process' && age > (lease.spec?.leaseDurationSeconds ?? 15) * 1000 + CLOCKS_DIFFER_MS;
  if (isAbandoned)
    return [
      {
        severity: 'error',
        what: `the process that wrote this journal of ${driver} is gone, and nobody took up its ${read.texts.size} entries`,
        where,
        since,
        breaks,
        fix: `start csi-provisioner of ${driver}: it takes the entries up`,
      },
    ];
  if (survey.claims.blind !== undefined) return [];
  return readEntries(read.texts).flatMap(([uid, entry]): Finding[] => {
    if (entry.kind === 'unreadable')
      return [
        {
          severity: 'error',
          what: `entry ${uid} of the journal of ${driver} cannot be read: ${entry.message}`,
          where,
          since,
          breaks,
          fix: `look into the storage for it, then ${RELEASE}`,
        },
      ];
    if (claims.has(uid)) return [];
    const [{ claim, request }] = entry.intents;
    return [
      {
        severity: 'warning',
        what: `the claim ${claim.namespace}/${claim.name} is gone, and whether ${driver} made its volume ${request.name} is not known yet`,
        where,
        since,
        breaks,
        fix: `csi-provisioner of ${driver} asks again until it knows: see that it runs and reaches the driver; else ${releaseEntry({ lease: where, driver, claimUid: uid, volume: request.name })}`,
      },
    ];
  });
}
