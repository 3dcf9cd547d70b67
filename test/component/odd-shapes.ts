/**
 * Objects of the six kinds that are nearly right, a hundred in a world, beside a snapshot and a group that are healthy:
 * no program may end, no promise be left rejected, no loop stumble over what an object holds, and the healthy are served.
 */
import fc from 'fast-check';
import type { KubeObject, VolumeGroupSnapshot, VolumeSnapshot } from '../../lib/kube/objects.ts';
import { BEING_CREATED, BEING_DELETED, FAILURE, GROUP_BEING_CREATED, GROUP_BEING_DELETED, GROUP_HANDLE } from '../../snapshotter/names.ts';
import { nearly } from '../../snapshotter/testing/odd-objects.ts';
import { SchemaCache } from '../../sandbox/apiserver/schema/schema-cache.ts';
import type { World } from './snapshotter-world.ts';
import {
  CLAIMS,
  CLASSES,
  classBody,
  CONTENTS,
  DRIVER,
  GROUP_CLASSES,
  GROUP_CONTENTS,
  groupClassBody,
  GROUPS,
  openWorld,
  snapshotBody,
  SNAPSHOTS,
} from './snapshotter-world.ts';

/** How many odd objects live in one world. */
export const SHAPES_A_WORLD = 100;

interface Shape {
  readonly path: string;
  readonly body: KubeObject & { readonly status?: unknown };
  readonly isDeleted: boolean;
}

export interface ShapesResult {
  /** Taken by the server. */
  readonly stored: number;
  readonly refused: number;
  /** What must not happen, in words. */
  readonly faults: readonly string[];
}

const SINGLE = { apiVersion: 'snapshot.storage.k8s.io/v1' };
const GROUP = { apiVersion: 'groupsnapshot.storage.k8s.io/v1' };
const failing = { readyToUse: false, error: { time: '2026-01-01T00:00:00Z', message: 'x' } };
const secrets = {
  'csi.storage.k8s.io/snapshotter-secret-name': '${volumesnapshot.name}',
  'csi.storage.k8s.io/snapshotter-secret-namespace': 'vault',
};

interface Kind {
  readonly path: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly arbitrary: fc.Arbitrary<Shape['body']>;
}

/** Good ones of every stage; what they name is there, or another odd one, or nothing. */
function kinds(index: number): readonly Kind[] {
  const name = `odd-${index}`;
  const meta = (more: object = {}): { name: string; namespace: string } => ({ name, namespace: 'default', ...more });
  const wide = (more: object = {}): { name: string } => ({ name, ...more });
  const reference = { kind: 'VolumeSnapshot', namespace: 'default', name, uid: 'some-uid' };
  const groupReference = { ...reference, kind: 'VolumeGroupSnapshot' };
  const marks = { [BEING_CREATED]: 'yes', [BEING_DELETED]: 'yes', [FAILURE]: '{"code":"INTERNAL"}' };
  const groupMarks = { [GROUP_BEING_CREATED]: 'yes', [GROUP_BEING_DELETED]: 'yes' };
  const owner = { apiVersion: GROUP.apiVersion, kind: 'VolumeGroupSnapshot', name, uid: 'some-uid' };
  const content = { driver: DRIVER, deletionPolicy: 'Delete', volumeSnapshotClassName: 'snap', volumeSnapshotRef: reference };
  const ofGroup = {
    driver: DRIVER,
    deletionPolicy: 'Delete',
    volumeGroupSnapshotClassName: 'groups',
    volumeGroupSnapshotRef: groupReference,
  };
  const done = { snapshotHandle: 'snap-1', readyToUse: true, creationTime: 1_767_225_600_000_000_000n, restoreSize: 1024 };
  const members = [{ volumeHandle: 'v', ...done }];
  const bound = { boundVolumeSnapshotContentName: name, readyToUse: true, creationTime: '2026-01-01T00:00:00Z', restoreSize: '1Gi' };
  const claimed = { volumeSnapshotClassName: 'snap', source: { persistentVolumeClaimName: 'data' } };
  const byLabel = { matchLabels: { app: 'db' } };
  const byExpression = { matchExpressions: [{ key: 'app', operator: 'In', values: ['db'] }] };
  const handles = { volumeGroupSnapshotHandle: 'g', volumeSnapshotHandles: ['s'] };
  const plainClass = { metadata: wide(), driver: DRIVER, deletionPolicy: 'Delete' };
  const secretClass = { metadata: wide(), driver: DRIVER, deletionPolicy: 'Retain', parameters: secrets };
  const single = (path: string, kind: string, ...good: readonly object[]): Kind => kindOf(path, { ...SINGLE, kind }, good);
  const group = (path: string, kind: string, ...good: readonly object[]): Kind => kindOf(path, { ...GROUP, kind }, good);
  return [
    single(
      SNAPSHOTS,
      'VolumeSnapshot',
      { metadata: meta(), spec: claimed },
      { metadata: meta(), spec: { source: { volumeSnapshotContentName: name } } },
      { metadata: meta({ finalizers: ['x.example/y'] }), spec: claimed, status: bound },
      { metadata: meta({ ownerReferences: [owner] }), spec: claimed, status: { ...failing, volumeGroupSnapshotName: name } },
    ),
    single(
      CONTENTS,
      'VolumeSnapshotContent',
      { metadata: wide(), spec: { ...content, source: { volumeHandle: 'v' } } },
      { metadata: wide({ annotations: marks }), spec: { ...content, source: { volumeHandle: 'v' } }, status: failing },
      { metadata: wide(), spec: { ...content, source: { snapshotHandle: 'snap-1' } }, status: done },
      {
        metadata: wide({ annotations: { [GROUP_HANDLE]: 'group-1' } }),
        spec: { ...content, source: { volumeHandle: 'v' } },
        status: { ...done, volumeGroupSnapshotHandle: 'group-1' },
      },
    ),
    single(CLASSES, 'VolumeSnapshotClass', plainClass, secretClass),
    group(
      GROUPS,
      'VolumeGroupSnapshot',
      { metadata: meta(), spec: { volumeGroupSnapshotClassName: 'groups', source: { selector: byLabel } } },
      {
        metadata: meta(),
        spec: { volumeGroupSnapshotClassName: name, source: { selector: byExpression } },
        status: { ...failing, boundVolumeGroupSnapshotContentName: name },
      },
      { metadata: meta(), spec: { source: { volumeGroupSnapshotContentName: name } }, status: { readyToUse: true } },
    ),
    group(
      GROUP_CONTENTS,
      'VolumeGroupSnapshotContent',
      { metadata: wide(), spec: { ...ofGroup, source: { volumeHandles: ['v', 'w'] } } },
      {
        metadata: wide({ annotations: groupMarks }),
        spec: { ...ofGroup, source: { volumeHandles: ['v'] } },
        status: { volumeGroupSnapshotHandle: 'group-1', readyToUse: true, volumeSnapshotInfoList: members },
      },
      { metadata: wide(), spec: { ...ofGroup, source: { groupSnapshotHandles: handles } }, status: failing },
    ),
    group(GROUP_CLASSES, 'VolumeGroupSnapshotClass', plainClass, secretClass),
  ];
}

function kindOf(path: string, type: Pick<Kind, 'apiVersion' | 'kind'>, good: readonly object[]): Kind {
  return { path, ...type, arbitrary: nearly<Shape['body']>(...good) };
}

/** The same hundred for the same seed. */
function shapesOf(seed: number): readonly Shape[] {
  const perKind = Math.ceil(SHAPES_A_WORLD / kinds(0).length);
  const all = Array.from({ length: perKind }, (_, round) => kinds(round).map((kind) => ({ ...kind, name: `odd-${round}` }))).flat();
  return all.slice(0, SHAPES_A_WORLD).flatMap(({ path, apiVersion, kind, name, arbitrary }, index) => {
    const drawn = fc.sample(fc.tuple(arbitrary, fc.boolean()), { seed: seed * SHAPES_A_WORLD + index, numRuns: 1 });
    return drawn.map(([body, isDeleted]) => {
      // A server of any kind refuses what does not fit the path.
      const place = { name, ...(path.includes('/namespaces/') ? { namespace: 'default' } : {}) };
      return { path, body: { ...body, apiVersion, kind, metadata: { ...body.metadata, ...place } }, isDeleted };
    });
  });
}

const SCHEMAS = new SchemaCache();
const SERVED_WITHIN_MS = 120_000;
/** What only a programming error throws. */
const STUMBLES = [TypeError, RangeError, SyntaxError, ReferenceError];

/** Every second world is one whose server looks at no schema. */
export async function runShapes(seed: number): Promise<ShapesResult> {
  const faults: string[] = [];
  const onRejection = (reason: unknown): void => {
    faults.push(`a promise was left rejected: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}`);
  };
  process.on('unhandledRejection', onRejection);
  const world = await openWorld({ lax: seed % 2 === 0, schemas: SCHEMAS });
  try {
    const shapes = shapesOf(seed);
    await prepare(world);
    // Half of them are found at the start, the others come by the watch.
    const half = shapes.length / 2;
    const counts = [await store(world, shapes.slice(0, half))];
    await world.startController();
    await world.startSidecar();
    counts.push(await store(world, shapes.slice(half)));
    await world.advance(2_000);
    await serveTheHealthy(world, faults);
    for (const { error, message, fields } of world.log.lines)
      if (error instanceof Error && STUMBLES.some((kind) => error instanceof kind))
        faults.push(`${message} ${JSON.stringify(fields)}: ${error.stack}`);
    const stored = counts.reduce((sum, count) => sum + count, 0);
    return { stored, refused: shapes.length - stored, faults };
  } finally {
    await world.close();
    process.off('unhandledRejection', onRejection);
  }
}

async function prepare(world: World): Promise<void> {
  await world.request('POST', CLASSES, classBody('snap'));
  await world.request('POST', GROUP_CLASSES, groupClassBody());
  for (const name of ['data', 'healthy-a', 'healthy-b']) await world.boundClaim(name);
  for (const name of ['healthy-a', 'healthy-b'])
    await world.request('PATCH', `${CLAIMS}/${name}`, { metadata: { labels: { app: 'healthy' } } });
}

/** How many the server took. */
async function store({ request, settled }: World, shapes: readonly Shape[]): Promise<number> {
  let stored = 0;
  for (const { path, body, isDeleted } of shapes) {
    try {
      const { status, ...bare } = body;
      const made = await request('POST', path, bare);
      stored += 1;
      const one = `${path}/${made.metadata?.name ?? ''}`;
      if (status !== undefined) await request('PUT', `${one}/status`, { ...made, status });
      if (isDeleted) await request('DELETE', one);
    } catch {
      // Refused, as a server with a schema should.
    }
  }
  await settled();
  return stored;
}

async function serveTheHealthy(world: World, faults: string[]): Promise<void> {
  await world.request('POST', SNAPSHOTS, snapshotBody('healthy', 'healthy-a'));
  await world.request('POST', GROUPS, {
    ...GROUP,
    kind: 'VolumeGroupSnapshot',
    metadata: { name: 'healthy', namespace: 'default' },
    spec: { volumeGroupSnapshotClassName: 'groups', source: { selector: { matchLabels: { app: 'healthy' } } } },
  });
  const objects = async (): Promise<readonly (VolumeSnapshot | VolumeGroupSnapshot)[]> => {
    const all = [...(await world.list<VolumeSnapshot>(SNAPSHOTS)), ...(await world.list<VolumeGroupSnapshot>(GROUPS))];
    const isHealthy = ({ metadata }: KubeObject): boolean =>
      metadata?.name === 'healthy' || (metadata?.ownerReferences ?? []).some(({ name }) => name === 'healthy');
    return all.filter(isHealthy);
  };
  const areReady = async (): Promise<boolean> => {
    const found = await objects();
    return found.length === 4 && found.every(({ status }) => status?.readyToUse === true);
  };
  if (!(await within(world, areReady))) faults.push(`the healthy are not served: ${describe(await objects())}`);
  for (const path of [SNAPSHOTS, GROUPS]) await world.request('DELETE', `${path}/healthy`);
  if (!(await within(world, async () => (await objects()).length === 0)))
    faults.push(`the healthy do not go: ${describe(await objects())}`);
}

function describe(objects: readonly KubeObject[]): string {
  return JSON.stringify(objects, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

async function within(world: World, holds: () => Promise<boolean>): Promise<boolean> {
  for (let passed = 0; passed < SERVED_WITHIN_MS; passed += 1_000) {
    await world.settled();
    if (await holds()) return true;
    await world.advance(1_000);
  }
  return false;
}
