/** What is not yet as asked: objects that wait, that should be gone, that are marked or held for no reason; what only one of cluster and driver has. */
import type { KubeObject } from '../../../../lib/kube/objects.ts';
import {
  groupSnapshotResources,
  LEASES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  VOLUME_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOTS,
} from '../../../../lib/kube/resources.ts';
import type { DriverLedger } from '../../../../harness/mock-driver.ts';
import { openEntries, openEntryLines } from '../../../../harness/journal-entries.ts';
import type { Kube } from '../../../../harness/kube.ts';
import { BEING_CREATED, CLAIM_PROTECTION, GROUP_BEING_CREATED } from '../../../../snapshotter/names.ts';

const GROUPS = groupSnapshotResources('v1');
const OF_CREATION = [BEING_CREATED, GROUP_BEING_CREATED];

export interface Expectation {
  readonly kube: Kube;
  readonly namespace: string;
  readonly ledger: () => Promise<DriverLedger>;
  /** Ends of the names of what may wait. */
  readonly mayWait: readonly string[];
  /** What only the journal of our provisioner names may wait for it. */
  readonly journalMayWait: boolean;
}

export interface NotYet {
  /** None where all is as asked. */
  readonly lines: readonly string[];
  /** Claims that are protected as the sources of snapshots, and nothing else is amiss. */
  readonly protectedClaims: readonly string[];
}

/** The driver is asked once the objects are as asked. */
export async function notYet({ kube, namespace, ledger, mayWait, journalMayWait }: Expectation): Promise<NotYet> {
  const [claims, volumes, snapshots, contents, groups, groupContents, leases] = await Promise.all([
    kube.list(PERSISTENT_VOLUME_CLAIMS, namespace),
    kube.list(PERSISTENT_VOLUMES),
    kube.list(VOLUME_SNAPSHOTS, namespace),
    kube.list(VOLUME_SNAPSHOT_CONTENTS),
    kube.list(GROUPS.snapshots, namespace),
    kube.list(GROUPS.contents),
    kube.list(LEASES),
  ]);
  const waits = (one: KubeObject): boolean => mayWait.some((end) => one.metadata?.name?.endsWith(end));
  const waitFor = new Set([...claims, ...snapshots, ...groups].filter(waits).map(({ metadata }) => metadata?.uid));
  const lines = [
    ...claims.flatMap((one) => troubleOf('claim', one, one.status?.phase === 'Bound' || waits(one))),
    ...volumes.flatMap((one) => troubleOf('PV', one, one.status?.phase === 'Bound')),
    ...snapshots.flatMap((one) => troubleOf('snapshot', one, one.status?.readyToUse === true || waits(one))),
    ...contents.flatMap((one) => troubleOf('content', one, one.status?.readyToUse === true)),
    ...groups.flatMap((one) => troubleOf('group', one, one.status?.readyToUse === true || waits(one))),
    ...groupContents
      .filter(({ spec }) => !waitFor.has(spec?.volumeGroupSnapshotRef?.uid))
      .flatMap((one) => troubleOf('group content', one, one.status?.readyToUse === true)),
  ];
  const entries = journalMayWait ? openEntries(leases) : [];
  if (!journalMayWait) lines.push(...openEntryLines(leases));
  if (lines.length > 0) return { lines, protectedClaims: [] };
  // A group that waits protects its claims. Those of copies and restores are only looked at when the source is to go.
  const isGroupMade = groups.every(({ status }) => status?.readyToUse === true);
  const protectedClaims = (isGroupMade ? claims : [])
    .filter(({ metadata }) => metadata?.finalizers?.includes(CLAIM_PROTECTION))
    .map(({ metadata }) => metadata?.name ?? '');
  if (protectedClaims.length > 0)
    return { lines: protectedClaims.map((name) => `claim ${name} is held by ${CLAIM_PROTECTION}`), protectedClaims };
  const held = await ledger();
  const inJournal = held.volumes.filter(({ name }) => entries.some((uid) => name === `pvc-${uid}`));
  const accounts = [
    ...differences('volume', {
      held: held.volumes,
      named: volumes.map(({ spec }) => spec?.csi?.volumeHandle),
      excused: inJournal.map(({ id }) => id),
    }),
    ...differences('snapshot', { held: held.snapshots, named: contents.map(({ status }) => status?.snapshotHandle) }),
    ...differences('group', { held: held.groups, named: groupContents.map(({ status }) => status?.volumeGroupSnapshotHandle) }),
  ];
  return { lines: accounts, protectedClaims: [] };
}

function troubleOf(kind: string, { metadata }: KubeObject, isAsAsked: boolean): readonly string[] {
  const name = `${kind} ${metadata?.name ?? ''}`;
  const finalizers = (metadata?.finalizers ?? []).join(', ');
  if (metadata?.deletionTimestamp !== undefined) return [`${name} is still there, held by [${finalizers}]`];
  if (!isAsAsked) return [`${name} waits`];
  const marks = OF_CREATION.filter((mark) => metadata?.annotations?.[mark] !== undefined);
  return marks.map((mark) => `${name} is done and has ${mark}`);
}

interface Accounts {
  readonly held: readonly { readonly id: string }[];
  readonly named: readonly (string | undefined)[];
  /** Held, and named elsewhere than by an object. */
  readonly excused?: readonly string[];
}

function differences(kind: string, { held, named, excused = [] }: Accounts): readonly string[] {
  const ids = new Set(held.map(({ id }) => id));
  const handles = new Set(named.filter((handle) => handle !== undefined));
  const leaked = [...ids].filter((id) => !handles.has(id) && !excused.includes(id));
  const lost = [...handles].filter((handle) => !ids.has(handle));
  return [
    ...leaked.map((id) => `${kind} ${id} is in the driver and no object names it`),
    ...lost.map((handle) => `${kind} ${handle} is named and not in the driver`),
  ];
}
