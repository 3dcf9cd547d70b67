/**
 * `npm run verify -- crowd`: the verbs on a cluster of 50,000 claims, volumes, snapshots and contents: each ends, and in
 * how much memory. The driver that `audit` asks knows none of them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { programFile } from '../../demo/world.ts';
import { writeKubeconfig } from '../../harness/kubeconfig.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import { openStage, type Stage } from '../../harness/stage.ts';
import type { KubeObject } from '../../lib/kube/objects.ts';
import { openCrowdServer } from './crowd-server.ts';
import type { VerificationOptions, VerificationResult } from './verification.ts';

export const name = 'crowd';

/** Objects in all, of four kinds. */
const OBJECTS = { ci: 5_000, full: 50_000 } as const;
const MOST_MIB = 600;

interface Figures {
  readonly verb: string;
  readonly code: number | null;
  readonly ms: number;
  readonly peakMiB: number;
  readonly lines: number;
}

export async function run({ size, log }: VerificationOptions): Promise<VerificationResult> {
  const stage = openStage('crowd');
  try {
    const driver = await startMockDriver(stage);
    const server = await openCrowdServer(crowd(OBJECTS[size], driver.name));
    stage.defer(() => server.close());
    const kubeconfig = writeKubeconfig(join(stage.dir, 'kubeconfig'), { server: server.url });
    // What is to be said takes so many lines at least; what went wrong takes one.
    const verbs: readonly { readonly words: readonly [string, ...string[]]; readonly code: number; readonly lines: number }[] = [
      { words: ['doctor'], code: 1, lines: 5 },
      { words: ['explain', 'pvc/data-7', '-n', 'team-7'], code: 0, lines: 5 },
      { words: ['lineage'], code: 0, lines: OBJECTS[size] / 2 },
      { words: ['lineage', '--format=html'], code: 0, lines: 50 },
      { words: ['release', '--driver=d.example', '--check'], code: 0, lines: 1 },
      { words: ['export', 'volumesnapshot/nightly-7', '-n', 'team-7'], code: 0, lines: 10 },
      { words: ['audit', `--csi-address=${driver.address}`], code: 1, lines: 10 },
    ];
    const figures: Figures[] = [];
    let ok = true;
    for (const { words, code, lines } of verbs) {
      const one = await measure(stage, [...words, `--kubeconfig=${kubeconfig}`]);
      figures.push(one);
      ok &&= one.code === code && one.lines >= lines && one.peakMiB <= MOST_MIB;
      log(`${one.verb.padEnd(24)} exit ${one.code}, ${(one.ms / 1000).toFixed(1)} s, ${one.peakMiB} MiB at most, ${one.lines} lines`);
    }
    return { ok, objects: OBJECTS[size], figures };
  } finally {
    await stage.close();
  }
}

async function measure(stage: Stage, words: readonly string[]): Promise<Figures> {
  const began = performance.now();
  const args = [programFile('csi-sidecars'), ...words];
  const program = stage.start({ name: `verb-${words[0] ?? ''}`, file: process.execPath, args, mayEnd: true });
  let peakKiB = 0;
  while (program.running()) {
    peakKiB = Math.max(peakKiB, peakOf(program.pid));
    await pause(20);
  }
  const { code } = await program.ended;
  const log = program.log();
  if (/^\s+at /m.test(log) || code === null) throw new Error(`${words.join(' ')} ended with ${code}: ${log.slice(-2000)}`);
  return {
    verb: words.filter((word) => /^(?!-)|--format/.test(word)).join(' '),
    code,
    ms: Math.round(performance.now() - began),
    peakMiB: Math.round(peakKiB / 1024),
    lines: log.split('\n').length - 1,
  };
}

/** KiB; 0 where it has ended. */
function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** As servers hand them out, with the fields that others write. */
function crowd(count: number, driver: string): Record<string, KubeObject[]> {
  const lists: Record<string, KubeObject[]> = {
    ...{ persistentvolumeclaims: [], persistentvolumes: [], volumesnapshots: [], volumesnapshotcontents: [], events: [], pods: [] },
    ...{ leases: [], nodes: [], csinodes: [], csidrivers: [], csistoragecapacities: [], customresourcedefinitions: [] },
    storageclasses: [{ metadata: { name: 'fast', uid: 'c' }, provisioner: driver } as KubeObject],
    volumesnapshotclasses: [{ metadata: { name: 'fast', uid: 's' }, driver, deletionPolicy: 'Delete' } as KubeObject],
  };
  const put = (plural: string, object: object): void => void lists[plural]?.push(object);
  for (let index = 0; index < count / 4; index += 1) {
    const namespace = `team-${index % 500}`;
    const [claim, snapshot, volume, content] = [
      `data-${index}`,
      `nightly-${index}`,
      `pvc-${uid(index, 1)}`,
      `snapcontent-${uid(index, 2)}`,
    ];
    put('persistentvolumeclaims', {
      metadata: metadata(claim, uid(index, 1), namespace),
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', volumeName: volume, resources: { requests: { storage: '10Gi' } } },
      status: { phase: 'Bound', capacity: { storage: '10Gi' }, accessModes: ['ReadWriteOnce'] },
    });
    put('persistentvolumes', {
      metadata: { ...metadata(volume, uid(index, 3)), annotations: { 'pv.kubernetes.io/provisioned-by': driver } },
      spec: {
        ...{
          accessModes: ['ReadWriteOnce'],
          capacity: { storage: '10Gi' },
          storageClassName: 'fast',
          persistentVolumeReclaimPolicy: 'Delete',
        },
        claimRef: { kind: 'PersistentVolumeClaim', namespace, name: claim, uid: uid(index, 1) },
        csi: { driver, volumeHandle: `vol-${uid(index, 4)}`, fsType: 'ext4' },
      },
      status: { phase: 'Bound' },
    });
    put('volumesnapshots', {
      metadata: metadata(snapshot, uid(index, 2), namespace),
      spec: { volumeSnapshotClassName: 'fast', source: { persistentVolumeClaimName: claim } },
      status: { boundVolumeSnapshotContentName: content, readyToUse: true, restoreSize: '10Gi', creationTime: CREATED },
    });
    put('volumesnapshotcontents', {
      metadata: metadata(content, uid(index, 5)),
      spec: {
        ...{ driver, deletionPolicy: 'Delete', volumeSnapshotClassName: 'fast', source: { volumeHandle: `vol-${uid(index, 4)}` } },
        volumeSnapshotRef: { kind: 'VolumeSnapshot', namespace, name: snapshot, uid: uid(index, 2) },
      },
      status: {
        readyToUse: true,
        snapshotHandle: `snap-${uid(index, 6)}`,
        restoreSize: 10_737_418_240,
        creationTime: 1_767_225_600_000_000_000,
      },
    });
  }
  return lists;
}

const CREATED = '2026-01-01T00:00:00Z';

function uid(index: number, kind: number): string {
  return `${String(index).padStart(8, '0')}-0000-4000-8000-${String(kind).padStart(12, '0')}`;
}

function metadata(objectName: string, objectUid: string, namespace?: string): object {
  return {
    name: objectName,
    ...(namespace === undefined ? {} : { namespace }),
    uid: objectUid,
    resourceVersion: '7',
    creationTimestamp: CREATED,
    managedFields: [
      { manager: 'kubectl', operation: 'Update', time: CREATED, fieldsV1: { 'f:metadata': { 'f:annotations': {} }, 'f:spec': {} } },
    ],
  };
}
