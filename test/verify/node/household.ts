/**
 * A namespace as users keep it: Deployments with a mounted claim and with a raw block claim, a snapshot, and a Deployment
 * on what was restored from it. Written once, asked for again after whatever went wrong meanwhile.
 */
import { DRIVER } from '../../../harness/node/driver-pod.ts';
import { eventually } from '../../../harness/wait.ts';
import { claim, snapshot, snapshotClass } from '../../simulation/manifests.ts';
import type { Deployed } from './deployed.ts';

/** Of claims and of snapshots. */
export const CLASS = 'mock';
/** Time for everything to be as asked; a hang guard. The slowest fault leaves Pods to time limits of the kubelet. */
const SETTLED_MS = 420_000;

/** Classes of the driver, once per cluster. */
export const CLASSES = [
  {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: CLASS },
    provisioner: DRIVER,
    allowVolumeExpansion: true,
  },
  snapshotClass(CLASS),
];

function claimOf(name: string, { block = false, from }: { readonly block?: boolean; readonly from?: string } = {}): object {
  const source = from === undefined ? {} : { fromSnapshot: from };
  return claim(name, { className: CLASS, volumeMode: block ? 'Block' : 'Filesystem', size: '8Mi', ...source });
}

const snapshotOf = (name: string, of: string): object => snapshot(name, of, { className: CLASS });

/** `script` runs with the claim at /data, or as the device /dev/raw; ready once it made /tmp/done. */
function user(name: string, { of, block = false, script }: { of: string; block?: boolean; script: string }): object {
  const place = block
    ? { volumeDevices: [{ name: 'volume', devicePath: '/dev/raw' }] }
    : { volumeMounts: [{ name: 'volume', mountPath: '/data' }] };
  const container = {
    name: 'user',
    image: 'busybox:1.37',
    command: ['sh', '-c', `set -e; ${script}; touch /tmp/done; exec sleep infinity`],
    readinessProbe: { exec: { command: ['test', '-e', '/tmp/done'] }, periodSeconds: 1 },
    ...place,
  };
  const volumes = [{ name: 'volume', persistentVolumeClaim: { claimName: of } }];
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      // Never two at once: the claim is for one.
      strategy: { type: 'Recreate' },
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { terminationGracePeriodSeconds: 0, containers: [container], volumes },
      },
    },
  };
}

const inside = (namespace: string, objects: readonly object[]): readonly object[] =>
  objects.map((object) => ({ ...object, metadata: { ...(object as { metadata: object }).metadata, namespace } }));

/** Of volumes, snapshots and attachments: in the cluster, and in the driver. Rejects with what stays. */
export async function untilNothingIsLeft({ kubectl, ledger }: Pick<Deployed, 'kubectl' | 'ledger'>): Promise<void> {
  const look = async (): Promise<true> => {
    const objects = await kubectl('get', 'pv,volumesnapshotcontent,volumegroupsnapshotcontent,volumeattachment', '-o', 'name');
    const { volumes, snapshots, groups } = await ledger();
    const held = [...volumes, ...snapshots, ...groups].map(({ id }) => id);
    if (objects !== '' || held.length > 0) throw new Error(`left: ${objects.split('\n').join(', ')}; in the driver: ${held.join(', ')}`);
    return true;
  };
  await eventually('nothing to be left', look, { timeoutMs: SETTLED_MS, everyMs: 500 });
}

export interface Household {
  /** Everything is there and in use; the snapshot is taken. */
  begin(): Promise<void>;
  /** Asks for more, and waits for none of it: a claim, a snapshot, a restored claim with its user, and the end of another claim. */
  askForMore(): Promise<void>;
  /** All that is asked for is so, and the bytes are those that were written. */
  settled(): Promise<void>;
  /** The namespace goes with everything in it; rejects where something stays in the cluster, the driver or on the node. */
  end(): Promise<void>;
}

export function household(node: Deployed, namespace: string): Household {
  const { kubectl, apply } = node;
  const within = (...args: readonly string[]): Promise<string> => kubectl('-n', namespace, ...args);
  const until = (what: string, holds: () => Promise<boolean>): Promise<true> =>
    eventually(what, async () => ((await holds()) ? true : undefined), { timeoutMs: SETTLED_MS, everyMs: 500 });
  const all = async (kind: string, path: string, wanted: string): Promise<boolean> => {
    const told = await within('get', kind, '-o', `jsonpath={range .items[*]}{${path}}{"\\n"}{end}`);
    return told !== '' && told.split('\n').every((value) => value === wanted);
  };
  const settled = async (): Promise<void> => {
    await until(`${namespace}: every claim to be bound`, () => all('pvc', '.status.phase', 'Bound'));
    await until(`${namespace}: every snapshot to be ready`, () => all('volumesnapshot', '.status.readyToUse', 'true'));
    await until(`${namespace}: every user to be available`, () => all('deployment', '.status.availableReplicas', '1'));
    const read = async (user: string, command: string): Promise<string> => within('exec', `deployment/${user}`, '--', 'sh', '-c', command);
    await until(`${namespace}: the bytes to be read`, async () => {
      const seen = [await read('writer', 'cat /data/file'), await read('raw', 'head -c 4 /dev/raw')];
      if (seen.join() !== 'then,then') throw new Error(`read ${seen.join()}`);
      return true;
    });
  };
  return {
    begin: async () => {
      await kubectl('create', 'namespace', namespace);
      await apply(inside(namespace, [claimOf('data'), claimOf('raw', { block: true }), claimOf('unused')]));
      const write = 'if [ ! -e /data/file ]; then printf then > /data/file; sync; fi';
      const writeRaw = 'printf then | dd of=/dev/raw conv=notrunc,fsync 2>/dev/null';
      await apply(
        inside(namespace, [user('writer', { of: 'data', script: write }), user('raw', { of: 'raw', block: true, script: writeRaw })]),
      );
      await until(`${namespace}: users`, () => all('deployment', '.status.availableReplicas', '1'));
      await apply(inside(namespace, [snapshotOf('first', 'data')]));
      await settled();
    },
    askForMore: async () => {
      const reader = user('reader', { of: 'restored', script: 'test "$(cat /data/file)" = then' });
      await apply(inside(namespace, [claimOf('late'), snapshotOf('late', 'raw'), claimOf('restored', { from: 'first' }), reader]));
      await within('delete', 'pvc/unused', '--wait=false');
    },
    settled,
    end: async () => {
      await kubectl('delete', 'namespace', namespace, '--wait=false');
      await until(`${namespace} to be gone`, async () => (await kubectl('get', 'namespace', namespace, '--ignore-not-found')) === '');
      await untilNothingIsLeft(node);
    },
  };
}
