/**
 * `csi-sidecars audit --clean` with every right that it uses taken away in turn, on a real API server: it says what it could
 * not see, calls nothing a leak that it cannot prove, and deletes nothing.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AUDIT } from '../../csi-sidecars/audit/verb.ts';
import { installCrds, readCrds } from '../../harness/crds.ts';
import { type MockDriver, startMockDriver } from '../../harness/mock-driver.ts';
import { type ControlPlane, startControlPlane } from '../../harness/real/control-plane.ts';
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';
import { openDoors } from '../../lib/process/doors/open-doors.ts';
import { askVerb } from '../ask-verb.ts';
import { type Planted, plantLeaks } from '../component/audit-world.ts';
import { grant } from './grants.ts';
import { GROUPS } from './group-job.ts';

interface Report {
  readonly findings: readonly { readonly id: string; readonly keep?: string }[];
  readonly unread: readonly string[];
  readonly deeds: readonly { readonly result: string }[];
}

/** One verb on one resource. */
interface Right {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
}

const ACCOUNTS: Resource<KubeObject> = { group: '', version: 'v1', plural: 'serviceaccounts', kind: 'ServiceAccount', namespaced: true };
const EVERYTHING = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
const namespace = 'default';

let plane: ControlPlane;
let driver: MockDriver;
let planted: Planted;
/** Snapshots that only the content of a group names. */
const members = new Set<string>();

beforeAll(async () => {
  plane = await startControlPlane({ audit: true, controllerManager: false });
  await installCrds(plane.raw, readCrds());
  driver = await startMockDriver(plane.stage);
  planted = await plantLeaks(plane, { driverName: driver.name, address: driver.address, healthy: 3, leaks: 3 });
  await giveToGroup();
});
afterAll(() => plane.stop());

/** One of the leaked snapshots is a group's from now on. */
async function giveToGroup(): Promise<void> {
  const { snapshots } = await driver.ledger();
  const member = snapshots.find(({ id }) => planted.leaks.has(id))?.id ?? expect.unreachable();
  members.add(member);
  const source = { groupSnapshotHandles: { volumeGroupSnapshotHandle: 'group', volumeSnapshotHandles: [member] } };
  const volumeGroupSnapshotRef = { name: 'g', namespace };
  const spec = { driver: driver.name, deletionPolicy: 'Delete', source, volumeGroupSnapshotRef };
  await plane.kube.create(GROUPS.contents, { metadata: { name: 'g' }, spec });
}

/** An account with these rules, as a kubeconfig. */
async function account(name: string, rules: readonly object[]): Promise<string> {
  const { kube } = plane;
  await kube.create(ACCOUNTS, { metadata: { name, namespace } });
  await grant(kube, name, { rules, to: { kind: ACCOUNTS.kind, name, namespace } });
  return plane.asServiceAccount(namespace, name);
}

async function audit(kubeconfig: string, ...words: string[]): Promise<Report & { readonly code: number }> {
  const { code, out, err } = await askVerb(AUDIT, { doors: openDoors(), kubeconfig, signal: plane.stage.broken }, [
    `--csi-address=${driver.address}`,
    '--older-than=0',
    '--output=json',
    ...words,
  ]);
  expect(err).toEqual([]);
  return { ...(JSON.parse(out[0] ?? '') as Report), code };
}

async function held(): Promise<Set<string>> {
  const { volumes, snapshots } = await driver.ledger();
  return new Set([...volumes, ...snapshots].map(({ id }) => id));
}

const CLEAN = ['--clean', '--yes', '--sole-cluster'];
const idsOf = ({ findings }: Report): Set<string> => new Set(findings.map(({ id }) => id));

test('without one right, whichever, an audit proves less, deletes nothing and says why', async () => {
  const truth = new Set([...planted.leaks, ...planted.lost].filter((id) => !members.has(id)));
  const before = await held();
  const all = await audit(await account('auditor', EVERYTHING));
  expect(all).toMatchObject({ code: 1, unread: [] });
  expect(idsOf(all)).toEqual(truth);

  const used = new Map<string, Right>();
  for (const { user, verb, group, resource } of plane.audit())
    if (user === `system:serviceaccount:${namespace}:auditor`) used.set(`${verb} ${group}/${resource}`, { verb, group, resource });
  expect(used.size).toBeGreaterThan(6);

  const rights = [...used.values()];
  for (const [at, refused] of rights.entries()) {
    const rules = rights
      .filter((right) => right !== refused)
      .map(({ verb, group, resource }) => ({ apiGroups: [group], resources: [resource], verbs: [verb] }));
    const report = await audit(await account(`without-${at}`, rules), ...CLEAN);
    const about = `without ${refused.verb} ${refused.group}/${refused.resource}`;
    expect(report.code, about).toBe(1);
    expect(report.unread, about).toEqual([expect.stringContaining(refused.resource)]);
    expect(
      [...idsOf(report)].filter((id) => !truth.has(id)),
      about,
    ).toEqual([]);
    expect(report.deeds, about).toEqual([]);
    expect(await held(), about).toEqual(before);
  }
});

test('with all of them it deletes every leak, and nothing else', async () => {
  const report = await audit(await account('cleaner', EVERYTHING), ...CLEAN);
  expect(report.deeds.filter(({ result }) => result !== 'deleted')).toEqual([]);
  expect(await held()).toEqual(new Set([...planted.healthy, ...members]));
});
