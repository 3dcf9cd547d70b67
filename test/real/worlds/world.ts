/**
 * A random world for two provisioners: nodes, classes, secrets, sources, claims, flags and a driver. Its objects are made once
 * for each side, with names that differ in the word SIDE alone; nodes are shared, and list the drivers of both. The same
 * seed makes the same world.
 */
import type { KubeObject, PersistentVolumeClaim, Resource, StorageClass, TopologySelectorTerm } from '../../../lib/kube/objects.ts';
import {
  CSI_NODES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  SECRETS,
  STORAGE_CLASSES,
  VOLUME_ATTRIBUTES_CLASSES,
  VOLUME_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOTS,
} from '../../../lib/kube/resources.ts';
import { SeededRandom } from '../../simulation/seeded-random.ts';
import type { Side } from '../programs.ts';
import { ANSWER, ANSWERS } from './recording-driver.ts';

export const SIDE = 'side-any';

/** What a text of a world is for one side. */
export function ofSide(text: string, side: Side): string {
  return text.replaceAll(SIDE, `side-${side}`);
}

export function ofNoSide(text: string, side: Side): string {
  return text.replaceAll(`side-${side}`, SIDE);
}

/** What an object of a world is for one side. */
export function objectOf<T extends KubeObject>(object: T, side: Side): T {
  return JSON.parse(ofSide(JSON.stringify(object), side)) as T;
}

export interface MadeObject {
  readonly resource: Resource<KubeObject>;
  readonly object: KubeObject;
  readonly status?: object;
  /** Written into `object` where it says so, once these are there: the uid of an earlier object of that kind and name. */
  readonly refersTo?: { readonly resource: Resource<KubeObject>; readonly name: string };
}

export interface World {
  readonly seed: number;
  readonly name: string;
  readonly driver: string;
  readonly plugin: readonly string[];
  readonly controller: readonly string[];
  readonly flags: readonly string[];
  /** For both sides. */
  readonly nodes: readonly MadeObject[];
  /** For each side; what an object refers to comes before it. */
  readonly objects: readonly MadeObject[];
  readonly claims: readonly PersistentVolumeClaim[];
}

export function namespaceOf({ name }: Pick<World, 'name'>, side: Side): string {
  return ofSide(`${name}-${SIDE}`, side);
}

export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
export const PROVISIONER = 'volume.kubernetes.io/storage-provisioner';
export const BETA_PROVISIONER = 'volume.beta.kubernetes.io/storage-provisioner';
const RESERVED = 'csi.storage.k8s.io';
const MODE_CHANGE = 'snapshot.storage.kubernetes.io/allow-volume-mode-change';
/** In place of the uid of what an object refers to. */
export const UID = 'uid-of-what-it-refers-to';

const CLAIMS = 7;

export function drawWorld(seed: number): World {
  const random = new SeededRandom(seed);
  const name = `w${seed}`;
  const driver = `${name}-${SIDE}.csi.example`;
  const topology = random.chance(0.85);
  const controller = ['CREATE_DELETE_VOLUME', 'PUBLISH_UNPUBLISH_VOLUME'].concat(
    ['CREATE_DELETE_SNAPSHOT', 'CLONE_VOLUME', 'MODIFY_VOLUME'].filter(() => random.chance(0.93)),
    random.chance(0.4) ? ['SINGLE_NODE_MULTI_WRITER'] : [],
  );
  const keys = [`${name}.example/zone`, `${name}.example/rack`, `${name}.example/region`];
  const nodes = drawNodes(random, { name, driver, keys });
  const nodeNames = nodes.filter(({ resource }) => resource.kind === NODES.kind).map(({ object }) => object.metadata?.name ?? '');
  const classes = Array.from({ length: 4 }, (_, index) => drawClass(random, { name: `${name}-c${index}-${SIDE}`, driver, keys, topology }));
  const place = { name, driver, namespace: `${name}-${SIDE}`, classes, nodeNames };
  return {
    seed,
    name,
    driver,
    plugin: ['CONTROLLER_SERVICE', ...(topology ? ['VOLUME_ACCESSIBILITY_CONSTRAINTS'] : [])],
    controller,
    flags: drawFlags(random),
    nodes,
    objects: [
      ...classes.map((object) => ({ resource: STORAGE_CLASSES, object })),
      ...drawSecrets(place),
      ...attributesClasses(place),
      ...drawSources(random, place),
    ],
    claims: Array.from({ length: CLAIMS }, (_, index) => drawClaim(random, { ...place, index })),
  };
}

function drawFlags(random: SeededRandom): readonly string[] {
  const flags: readonly (readonly [number, () => string | readonly string[]])[] = [
    [0.35, () => '--strict-topology'],
    [0.25, () => '--immediate-topology=false'],
    [0.4, () => `--default-fstype=${random.pick(['ext4', 'xfs'])}`],
    [0.4, () => '--extra-create-metadata'],
    [0.3, () => `--volume-name-prefix=${random.pick(['vol', 'pvc-x'])}`],
    [0.3, () => `--volume-name-uuid-length=${random.pick([8, 20, 32])}`],
    [0.3, () => '--controller-publish-readonly'],
    [0.2, () => '--prevent-volume-mode-conversion=false'],
    [0.1, () => '--feature-gates=Topology=false'],
    [0.1, () => '--feature-gates=VolumeAttributesClass=false'],
  ];
  return flags.flatMap(([probability, flag]) => (random.chance(probability) ? flag() : []));
}

interface NodePlace {
  readonly name: string;
  readonly driver: string;
  readonly keys: readonly string[];
}

function drawNodes(random: SeededRandom, { name, driver, keys }: NodePlace): readonly MadeObject[] {
  const usual = someOf(random, keys, 0.6);
  const values = [
    ['a', 'b', 'c'],
    ['1', '2'],
    ['east', 'west'],
  ];
  return Array.from({ length: random.pick([0, 2, 3, 4, 4, 5, 5, 6, 6, 8]) }, (_, index) => index).flatMap((index): MadeObject[] => {
    const node = `${name}-n${index}`;
    const labels = Object.fromEntries(
      keys.flatMap((key, at) => (random.chance(0.97) ? [[key, random.pick(values[at] ?? [])]] : [])),
    ) as Record<string, string>;
    const topologyKeys = random.chance(0.8) ? usual : someOf(random, keys, 0.5);
    const inOrder = shuffled(random, topologyKeys);
    const entry = (side: Side): object => ({ name: ofSide(driver, side), nodeID: node, topologyKeys: inOrder });
    const drivers = random.chance(0.95) ? (['ours', 'go'] as const).map(entry) : [];
    const other = { name: 'other.csi.example', nodeID: node, topologyKeys: [...keys] };
    const made = { resource: NODES, object: { metadata: { name: node, labels } } };
    const csiNode = { resource: CSI_NODES, object: { metadata: { name: node }, spec: { drivers: [...drivers, other] } } as KubeObject };
    return [...(random.chance(0.98) ? [made] : []), ...(random.chance(0.97) ? [csiNode] : [])];
  });
}

interface ClassPlace {
  readonly name: string;
  readonly driver: string;
  readonly keys: readonly string[];
  readonly topology: boolean;
}

function drawClass(random: SeededRandom, { name, driver, keys, topology }: ClassPlace): StorageClass {
  return {
    metadata: { name },
    provisioner: driver,
    reclaimPolicy: random.pick(['Delete', 'Delete', 'Retain']),
    volumeBindingMode: random.pick(['Immediate', 'WaitForFirstConsumer']),
    parameters: drawParameters(random),
    ...(random.chance(0.3) ? { mountOptions: shuffled(random, ['noatime', 'ro', 'discard']).slice(0, 2) } : {}),
    ...(random.chance(topology ? 0.3 : 0.1) ? { allowedTopologies: drawAllowed(random, keys) } : {}),
  };
}

function drawAllowed(random: SeededRandom, keys: readonly string[]): TopologySelectorTerm[] {
  const values = [
    ['a', 'b', 'c', 'z'],
    ['1', '2'],
    ['east', 'west'],
  ];
  const terms = Array.from({ length: random.pick([1, 1, 2]) }, () => ({
    matchLabelExpressions: someOf(random, keys, 0.5).map((key) => ({
      key,
      values: someOf(random, values[keys.indexOf(key)] ?? [], 0.6),
    })),
  }));
  const distinct = new Map(terms.map((term) => [JSON.stringify(term), term]));
  return [...distinct.values()];
}

function drawParameters(random: SeededRandom): Record<string, string> {
  const parameters: Record<string, string> = { tier: random.pick(['gold', 'silver']) };
  if (random.chance(0.7)) parameters[ANSWER] = random.pick(ANSWERS);
  if (random.chance(0.3)) parameters[`${RESERVED}/fstype`] = random.pick(['ext4', 'xfs']);
  if (random.chance(0.07)) parameters[random.pick(['fstype', 'FsType'])] = 'btrfs';
  if (random.chance(0.03)) parameters[`${RESERVED}/nonsense`] = 'x';
  for (const purpose of [
    'provisioner-',
    'controller-publish-',
    'node-stage-',
    'node-publish-',
    'controller-expand-',
    'node-expand-',
    'controller-modify-',
    '',
  ]) {
    if (!random.chance(0.18)) continue;
    const [secretName, secretNamespace] = drawSecretPair(random);
    if (!random.chance(0.015)) parameters[`${RESERVED}/${purpose}secret-name`] = secretName;
    if (!random.chance(0.015)) parameters[`${RESERVED}/${purpose}secret-namespace`] = secretNamespace;
  }
  if (random.chance(0.04)) {
    parameters['csiProvisionerSecretName'] = 'prov';
    parameters['csiProvisionerSecretNamespace'] = `${SIDE}`;
  }
  if (random.chance(0.05)) {
    parameters['csiNodeStageSecretName'] = 'stage';
    parameters['csiNodeStageSecretNamespace'] = `${SIDE}`;
  }
  return parameters;
}

const ODD_SECRET_NAMES = ['${pvc.name}', "prov-${pvc.annotations['team']}", 'none-such', 'x-${pv.name}', '${nonsense}', 'Not_A_Name'];

function drawSecretPair(random: SeededRandom): readonly [string, string] {
  const secretName = random.chance(0.94) ? 'prov' : random.pick(ODD_SECRET_NAMES);
  return [secretName, random.chance(0.97) ? '${pvc.namespace}' : random.pick(['${pvc.name}', 'default', 'Not_One'])];
}

interface Place {
  readonly name: string;
  readonly driver: string;
  readonly namespace: string;
  readonly classes: readonly StorageClass[];
  readonly nodeNames: readonly string[];
}

function drawSecrets({ namespace }: Place): readonly MadeObject[] {
  return ['prov', 'prov-blue', 'data-web-0'].map((secret) => ({
    resource: SECRETS,
    object: { metadata: { name: secret, namespace }, data: { key: Buffer.from(`secret of ${secret}`).toString('base64') } } as KubeObject,
  }));
}

function attributesClasses({ name: world, driver }: Place): readonly MadeObject[] {
  const make = (word: string, driverName: string): MadeObject => ({
    resource: VOLUME_ATTRIBUTES_CLASSES,
    object: { metadata: { name: `${world}-${word}-${SIDE}` }, driverName, parameters: { iops: '100', throughput: word } } as KubeObject,
  });
  return [make('gold', driver), make('foreign', 'other.csi.example')];
}

interface SourceVariant {
  readonly name: string;
  readonly snapshot?: object;
  readonly content?: { readonly spec?: object; readonly status?: object; readonly annotations?: Record<string, string> };
}

const GI = 1024 ** 3;
const SNAPSHOTS: readonly SourceVariant[] = [
  { name: 'ready' },
  { name: 'ready-2' },
  { name: 'unready', snapshot: { readyToUse: false } },
  { name: 'large', snapshot: { restoreSize: String(50 * GI) } },
  { name: 'sizeless', snapshot: { restoreSize: undefined } },
  { name: 'unbound', snapshot: { boundVolumeSnapshotContentName: undefined } },
  { name: 'handleless', content: { status: { snapshotHandle: undefined } } },
  { name: 'foreign', content: { spec: { driver: 'other.csi.example' } } },
  { name: 'files', content: { spec: { sourceVolumeMode: 'Filesystem' } } },
  { name: 'block', content: { spec: { sourceVolumeMode: 'Block' } } },
  { name: 'block-free', content: { spec: { sourceVolumeMode: 'Block' }, annotations: { [MODE_CHANGE]: 'true' } } },
  { name: 'block-odd', content: { spec: { sourceVolumeMode: 'Block' }, annotations: { [MODE_CHANGE]: 'odd' } } },
];
const SOURCE_CLAIMS = ['source', 'pending', 'raw', 'elsewhere'] as const;

function drawSources(random: SeededRandom, place: Place): readonly MadeObject[] {
  const { name: world, driver, namespace } = place;
  const snapshots = SNAPSHOTS.filter(({ name: variant }) => variant === 'ready' || random.chance(0.4)).flatMap((variant): MadeObject[] => {
    const content = `${world}-${variant.name}-${SIDE}`;
    const snapshotStatus = { boundVolumeSnapshotContentName: content, readyToUse: true, restoreSize: '1Gi', ...variant.snapshot };
    const handle = { source: { snapshotHandle: `handle-${variant.name}` } };
    return [
      {
        resource: VOLUME_SNAPSHOTS,
        object: { metadata: { name: variant.name, namespace }, spec: { source: { volumeSnapshotContentName: content } } } as KubeObject,
        status: snapshotStatus,
      },
      {
        resource: VOLUME_SNAPSHOT_CONTENTS,
        object: {
          metadata: { name: content, annotations: variant.content?.annotations ?? {} },
          spec: {
            driver,
            deletionPolicy: 'Retain',
            ...handle,
            volumeSnapshotRef: { name: variant.name, namespace, uid: UID },
            ...variant.content?.spec,
          },
        } as KubeObject,
        refersTo: { resource: VOLUME_SNAPSHOTS, name: variant.name },
        status: { readyToUse: true, snapshotHandle: `handle-${variant.name}`, ...variant.content?.status },
      },
    ];
  });
  return [...snapshots, ...SOURCE_CLAIMS.flatMap((source) => sourceClaim(random, place, source))];
}

function sourceClaim(
  random: SeededRandom,
  { name: world, driver, namespace, classes }: Place,
  source: (typeof SOURCE_CLAIMS)[number],
): readonly MadeObject[] {
  const volume = `${world}-${source}-${SIDE}`;
  const volumeMode = source === 'raw' ? 'Block' : 'Filesystem';
  const shared = {
    accessModes: ['ReadWriteOnce'],
    storageClassName: random.pick(classes).metadata?.name ?? '',
    volumeMode,
  };
  const claim: PersistentVolumeClaim = {
    metadata: { name: source, namespace },
    spec: { ...shared, resources: { requests: { storage: '1Gi' } }, volumeName: volume },
  };
  const made = { resource: PERSISTENT_VOLUME_CLAIMS, object: claim };
  if (source === 'pending') return [made];
  return [
    { ...made, status: { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } } },
    {
      resource: PERSISTENT_VOLUMES,
      object: {
        metadata: { name: volume },
        spec: {
          ...shared,
          capacity: { storage: '1Gi' },
          persistentVolumeReclaimPolicy: random.pick(['Delete', 'Retain']),
          csi: { driver: source === 'elsewhere' ? 'other.csi.example' : driver, volumeHandle: `handle-${source}` },
          claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name: source, namespace, uid: UID },
        },
      } as KubeObject,
      refersTo: { resource: PERSISTENT_VOLUME_CLAIMS, name: source },
      status: { phase: 'Bound' },
    },
  ];
}

function drawClaim(
  random: SeededRandom,
  { name: world, driver, namespace, classes, nodeNames, index }: Place & { readonly index: number },
): PersistentVolumeClaim {
  const storageClass = random.pick(classes);
  const late = storageClass.volumeBindingMode === 'WaitForFirstConsumer';
  const annotations: Record<string, string> = {};
  annotations[random.chance(0.85) ? PROVISIONER : BETA_PROVISIONER] = random.chance(0.97) ? driver : 'other.csi.example';
  if (random.chance(late ? 0.85 : 0.1))
    annotations[SELECTED_NODE] = random.chance(0.95) && nodeNames.length > 0 ? random.pick(nodeNames) : `${world}-gone`;
  if (random.chance(0.3)) annotations['team'] = 'blue';
  const modes = random.pick([
    ['ReadWriteOnce'],
    ['ReadWriteOnce'],
    ['ReadWriteOncePod'],
    ['ReadOnlyMany'],
    ['ReadWriteMany'],
    ['ReadWriteOnce', 'ReadOnlyMany'],
  ]);
  const attributes = random.chance(0.2) ? random.pick(['gold', 'gold', 'gold', 'foreign', 'missing']) : undefined;
  return {
    metadata: {
      name: random.pick([
        `data-web-${index}`,
        `log-web-${index}`,
        `claim-${index}`,
        `c${index}-007`,
        `c${index}-4294967296`,
        `web-${index}`,
      ]),
      namespace,
      annotations,
      labels: { app: 'x' },
    },
    spec: {
      accessModes: modes,
      storageClassName: random.chance(0.97) ? (storageClass.metadata?.name ?? '') : `${world}-missing-${SIDE}`,
      resources: { requests: { storage: random.pick(['1Gi', '1Gi', '2Gi', '1500M', '1.5Gi', '12e8', '1234567891']) } },
      ...(random.chance(0.8) ? {} : { volumeMode: random.pick(['Block', 'Filesystem']) }),
      ...(random.chance(0.03) ? { selector: { matchLabels: { a: 'b' } } } : {}),
      ...(attributes === undefined ? {} : { volumeAttributesClassName: `${world}-${attributes}-${SIDE}` }),
      ...drawDataSource(random),
    },
  };
}

function drawDataSource(random: SeededRandom): NonNullable<PersistentVolumeClaim['spec']> {
  const kind = random.next();
  if (kind < 0.55) return {};
  const source =
    kind < 0.8
      ? {
          apiGroup: 'snapshot.storage.k8s.io',
          kind: 'VolumeSnapshot',
          name: random.chance(0.5) ? 'ready' : random.pick([...SNAPSHOTS.map(({ name: snapshot }) => snapshot), 'missing']),
        }
      : kind < 0.96
        ? { kind: 'PersistentVolumeClaim', name: random.chance(0.7) ? 'source' : random.pick([...SOURCE_CLAIMS, 'missing']) }
        : { apiGroup: 'populators.example', kind: 'Bucket', name: 'b' };
  return random.chance(0.5) && source.kind !== 'Bucket' ? { dataSource: source } : { dataSourceRef: source };
}

/** Each with this probability, in their order; one at least. */
function someOf<T>(random: SeededRandom, items: readonly T[], probability: number): T[] {
  const some = items.filter(() => random.chance(probability));
  return some.length > 0 ? some : items.slice(0, 1);
}

function shuffled<T>(random: SeededRandom, items: readonly T[]): T[] {
  const drawn = items.map((item) => ({ item, at: random.next() }));
  return drawn.sort((a, b) => a.at - b.at).map(({ item }) => item);
}
