/** Leases of the sidecars: a leader that stopped renewing, and two deployments that each have a leader. */
import { sanitiseLeaseName } from '../../../lib/controller/lease-name.ts';
import type { Lease } from '../../../lib/kube/objects.ts';
import { LEASES } from '../../../lib/kube/resources.ts';
import { parseTime } from '../../../lib/kube/time.ts';
import { CONTROLLER_LEASE } from '../../../snapshotter/names.ts';
import { type Case, type Check, isAsked } from '../check.ts';
import { driversThere } from '../../reading/drivers-there.ts';
import type { Finding } from '../finding.ts';
import { placeOf } from '../../reading/place.ts';
import { groupBy } from '../group-by.ts';
import type { RoleName } from '../sidecar-pods.ts';

/** The holder's clock need not be ours. */
const CLOCKS_DIFFER_MS = 60_000;

export const LEASES_CHECK: Check = {
  name: 'leases',
  run: (given) => {
    const found = given.survey.leases.items.flatMap((lease) => {
      const owner = ownerOf(given, lease);
      return owner === undefined ? [] : [{ lease, ...owner }];
    });
    return { findings: [...found.flatMap((each) => expired(given, each)), ...twice(given, found)] };
  },
};

interface Owned {
  readonly lease: Lease;
  readonly role: RoleName;
  /** Undefined for the one that has none. */
  readonly driver: string | undefined;
}

function ownerOf(given: Case, lease: Lease): Omit<Owned, 'lease'> | undefined {
  const name = lease.metadata?.name ?? '';
  if (name === CONTROLLER_LEASE) return given.driver === undefined ? { role: 'snapshot-controller', driver: undefined } : undefined;
  for (const driver of knownDrivers(given)) {
    if (!isAsked(given, driver)) continue;
    if (name === sanitiseLeaseName(driver)) return { role: 'csi-provisioner', driver };
    if (name === sanitiseLeaseName(`external-snapshotter-leader-${driver}`)) return { role: 'csi-snapshotter', driver };
  }
  return undefined;
}

function knownDrivers({ survey }: Case): ReadonlySet<string> {
  const { announced, nodes } = driversThere(survey);
  return new Set([
    ...announced,
    ...nodes.keys(),
    ...survey.storageClasses.items.map(({ provisioner }) => provisioner ?? ''),
    ...survey.snapshotClasses.items.map(({ driver }) => driver ?? ''),
  ]);
}

/** Milliseconds since it was renewed; undefined where it never was. */
function ageOf(lease: Lease, nowMs: number): number | undefined {
  const renewed = parseTime(lease.spec?.renewTime);
  return renewed === undefined ? undefined : nowMs - renewed;
}

function expired({ nowMs }: Case, { lease, role, driver }: Owned): Finding[] {
  const age = ageOf(lease, nowMs);
  const seconds = lease.spec?.leaseDurationSeconds ?? 15;
  if (age === undefined || age <= seconds * 1000 + CLOCKS_DIFFER_MS) return [];
  const holder = lease.spec?.holderIdentity ?? '';
  const { name = '', namespace = '' } = lease.metadata ?? {};
  return [
    {
      severity: 'error',
      what: `${role}${driver === undefined ? '' : ` of ${driver}`} has no leader: ${holder === '' ? 'the last one gave the lease back' : `${holder} no longer renews it`}`,
      where: placeOf(LEASES, lease),
      since: lease.spec?.renewTime,
      breaks: `nothing that ${role} does is done, if it is to elect a leader`,
      fix: `kubectl get pods -A # does it run? Where it runs without --leader-election now: kubectl delete lease ${name} -n ${namespace}`,
    },
  ];
}

function twice({ nowMs }: Case, found: readonly Owned[]): Finding[] {
  const fresh = found.filter(({ lease }) => {
    const age = ageOf(lease, nowMs);
    return (
      (lease.spec?.holderIdentity ?? '') !== '' &&
      age !== undefined &&
      age <= (lease.spec?.leaseDurationSeconds ?? 15) * 1000 + CLOCKS_DIFFER_MS
    );
  });
  return [...groupBy(fresh, ({ lease }) => lease.metadata?.name ?? '')].flatMap(([name, same]): Finding[] => {
    const [first, second] = same;
    if (first === undefined || second === undefined) return [];
    const namespaces = same.map(({ lease }) => lease.metadata?.namespace ?? '').join(', ');
    return [
      {
        severity: 'error',
        what: `${first.role}${first.driver === undefined ? '' : ` of ${first.driver}`} has ${same.length} leaders, in the namespaces ${namespaces}`,
        where: placeOf(LEASES, second.lease),
        since: second.lease.spec?.acquireTime,
        breaks: 'two processes do the same work at once, each without knowing of the other',
        fix: `kubectl get lease -A | grep ${name} # then take one of the deployments away`,
      },
    ];
  });
}
