/**
 * CSIStorageCapacity objects of both provisioners on the same nodes, classes and room, while these change at random. At rest
 * each has one object for each class and segment, with what its driver says, and no other.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CsiNode, CsiStorageCapacity, StorageClass } from '../../../lib/kube/objects.ts';
import { CSI_NODES, CSI_STORAGE_CAPACITIES, NODES, STORAGE_CLASSES } from '../../../lib/kube/resources.ts';
import type { Program } from '../../../harness/stage.ts';
import { eventually } from '../../../harness/wait.ts';
import type { ControlPlane } from '../../../harness/real/control-plane.ts';
import { SeededRandom } from '../../simulation/seeded-random.ts';
import { NAMESPACES } from '../main-job.ts';
import { type Side, startProgram, userOf } from '../programs.ts';
import { startRecordingDrivers } from './drivers.ts';
import { segmentText } from './recording-driver.ts';
import { objectOf, ofSide, SIDE, SIDES } from './parts.ts';
import type { Peer } from './peers.ts';

const DRIVER = `capacities-${SIDE}.csi.example`;
const PLUGIN = ['CONTROLLER_SERVICE', 'VOLUME_ACCESSIBILITY_CONSTRAINTS'];
const CONTROLLER = ['CREATE_DELETE_VOLUME', 'GET_CAPACITY'];
const KEYS = ['capacities.example/zone', 'capacities.example/rack'] as const;
const REST_MS = 120_000;
/** Changes between two looks. */
const BURST = 5;

interface PlacedNode {
  readonly labels: Readonly<Record<string, string>>;
  /** Undefined: no CSINode. */
  readonly keys: readonly string[] | undefined;
}

export interface CapacityModel {
  readonly nodes: Map<string, PlacedNode>;
  /** Names of classes, and whether they bind late. */
  readonly classes: Map<string, boolean>;
  /** Gi by the text of a segment. */
  readonly room: Map<string, { readonly free: number; readonly largest: number | undefined }>;
}

function segmentsOf({ nodes }: CapacityModel): readonly string[] {
  const found = new Set<string>();
  for (const { labels, keys } of nodes.values())
    if (keys?.every((key) => key in labels) === true)
      found.add(segmentText(Object.fromEntries(keys.map((key) => [key, labels[key] ?? '']))));
  return [...found];
}

const gibibytes = (count: number): string => (count === 0 ? '0' : `${count}Gi`);

/** `CLASS SEGMENT ROOM LARGEST`, sorted. */
function expected(model: CapacityModel): readonly string[] {
  const late = [...model.classes].filter(([, isLate]) => isLate).map(([name]) => name);
  return segmentsOf(model)
    .flatMap((segment) => {
      const { free, largest } = model.room.get(segment) ?? { free: 0, largest: undefined };
      return late.map((name) => `${name} ${segment} ${gibibytes(free)} ${largest === undefined ? '' : gibibytes(largest)}`);
    })
    .sort();
}

export interface CapacityResult {
  readonly changes: number;
  /** Of one side, at the look with the most. */
  readonly objects: number;
  readonly faults: readonly string[];
}

export interface CapacityOptions {
  readonly peer: Peer;
  readonly seed: number;
  readonly changes: number;
}

export async function compareCapacities(plane: ControlPlane, { peer, seed, changes }: CapacityOptions): Promise<CapacityResult> {
  const random = new SeededRandom(seed);
  const model: CapacityModel = { nodes: new Map(), classes: new Map(), room: new Map() };
  const rooms = join(plane.stage.dir, 'rooms.json');
  writeRooms(rooms, model);
  const drivers = await startRecordingDrivers(
    plane.stage,
    SIDES.map((side) => ({ name: ofSide(DRIVER, side), plugin: PLUGIN, controller: CONTROLLER, rooms })),
  );
  const programs = await Promise.all(SIDES.map((side) => start(plane, side, { address: drivers.addressOf(ofSide(DRIVER, side)), peer })));
  let objects = 0;
  let made = 0;
  try {
    while (made < changes) {
      for (let index = 0; index < BURST && made < changes; index += 1, made += 1) await change(plane, model, random);
      writeRooms(rooms, model);
      let differing: readonly string[] = [];
      const wanted = expected(model);
      await eventually(
        'both to publish what there is',
        async () => {
          const each = await Promise.all(
            SIDES.map(async (side) => missingAndSurplus(side, await published(plane, side), wanted).map((line) => `${side} ${line}`)),
          );
          differing = each.flat();
          return differing.length === 0 ? true : undefined;
        },
        { timeoutMs: REST_MS, everyMs: 250, signal: plane.stage.broken },
      ).catch((error: unknown) => {
        if (plane.stage.broken.aborted || differing.length === 0) throw error;
      });
      if (differing.length > 0) return { changes: made, objects, faults: differing.map((line) => `after ${made} changes: ${line}`) };
      objects = Math.max(objects, wanted.length);
    }
    return { changes: made, objects, faults: [] };
  } finally {
    for (const program of [...programs, drivers.program]) await program.kill();
  }
}

/**
 * The capacity of a segment without keys is not looked at on the side of the Go program: it compares no labels with an empty map of
 * them, takes its own object for somebody's who is gone, deletes it and makes it anew at the next poll.
 */
export function missingAndSurplus(side: Side, found: readonly string[], wanted: readonly string[]): readonly string[] {
  const isSteady = (line: string): boolean => side !== 'go' || !line.includes(` ${segmentText({})} `);
  return [
    ...wanted.filter((line) => isSteady(line) && !found.includes(line)).map((line) => `lacks ${line}`),
    ...found.filter((line, at) => isSteady(line) && !(wanted.includes(line) && found.indexOf(line) === at)).map((line) => `has ${line}`),
  ];
}

interface Start {
  readonly address: string;
  readonly peer: Peer;
}

async function start(plane: ControlPlane, side: Side, { address, peer }: Start): Promise<Program> {
  const namespace = `capacities-${side}`;
  await plane.kube.create(NAMESPACES, { metadata: { name: namespace } });
  return startProgram(plane.stage, {
    role: 'csi-provisioner',
    side,
    goProgram: peer.program,
    kubeconfig: plane.kubeconfigOf(userOf('csi-provisioner', side).name),
    address,
    args: [
      '--enable-capacity',
      '--capacity-ownerref-level=-1',
      '--capacity-poll-interval=2s',
      '--kube-api-capacity-qps=1000',
      '--kube-api-capacity-burst=1000',
    ],
    env: { NAMESPACE: namespace },
  });
}

/** For the drivers; whole at every moment. */
function writeRooms(file: string, { room }: CapacityModel): void {
  const bytes = (count: number): string => String(count * 1024 ** 3);
  const answers = [...room].map(([segment, { free, largest }]) => [
    segment,
    { available_capacity: bytes(free), ...(largest === undefined ? {} : { maximum_volume_size: { value: bytes(largest) } }) },
  ]);
  writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(answers)));
  renameSync(`${file}.new`, file);
}

async function published({ kube }: ControlPlane, side: Side): Promise<string[]> {
  const listed = await kube.list<CsiStorageCapacity>(CSI_STORAGE_CAPACITIES, `capacities-${side}`);
  return listed
    .map(({ storageClassName = '', nodeTopology, capacity, maximumVolumeSize }) => {
      const name = storageClassName.replace(`side-${side}`, SIDE);
      return `${name} ${segmentText(nodeTopology?.matchLabels ?? {})} ${String(capacity)} ${String(maximumVolumeSize ?? '')}`;
    })
    .sort();
}

type Change = (plane: ControlPlane, model: CapacityModel, random: SeededRandom) => Promise<void>;

function labelsFrom(random: SeededRandom): Record<string, string> {
  const labels: Record<string, string> = { 'kubernetes.io/os': 'linux' };
  if (random.chance(0.95)) labels[KEYS[0]] = random.pick(['a', 'b', 'c', 'd']);
  if (random.chance(0.95)) labels[KEYS[1]] = random.pick(['1', '2', '3']);
  return labels;
}

const keysFrom = (random: SeededRandom): readonly string[] => random.pick([[KEYS[0]], [KEYS[0]], [...KEYS], []]);

function csiNodeOf(name: string, keys: readonly string[]): CsiNode {
  const drivers = SIDES.map((side) => ({
    name: ofSide(DRIVER, side),
    nodeID: name,
    ...(keys.length === 0 ? {} : { topologyKeys: [...keys] }),
  }));
  return { metadata: { name }, spec: { drivers } };
}

const addNode: Change = async ({ kube }, { nodes }, random) => {
  const name = `capacities-n${nodes.size}-${random.below(1_000_000)}`;
  const [labels, keys] = [labelsFrom(random), keysFrom(random)];
  await kube.create(NODES, { metadata: { name, labels } });
  await kube.create(CSI_NODES, csiNodeOf(name, keys));
  nodes.set(name, { labels, keys });
};

const removeNode: Change = async ({ kube }, { nodes }, random) => {
  const name = random.pick([...nodes.keys()]);
  await kube.delete(NODES, { name });
  if (nodes.get(name)?.keys !== undefined) await kube.delete(CSI_NODES, { name });
  nodes.delete(name);
};

const relabel: Change = async ({ kube }, { nodes }, random) => {
  const name = random.pick([...nodes.keys()]);
  const labels = labelsFrom(random);
  await kube.mergePatch(NODES, { name }, { metadata: { labels: { [KEYS[0]]: null, [KEYS[1]]: null, ...labels } } });
  nodes.set(name, { labels, keys: nodes.get(name)?.keys });
};

/** As when the node's plugin goes and registers anew: the keys of an entry cannot be changed in place. */
const reregister: Change = async ({ kube }, { nodes }, random) => {
  const name = random.pick([...nodes.keys()]);
  const before = nodes.get(name);
  if (before?.keys !== undefined) await kube.delete(CSI_NODES, { name });
  const keys = before?.keys === undefined || random.chance(0.7) ? keysFrom(random) : undefined;
  if (keys !== undefined) await kube.create(CSI_NODES, csiNodeOf(name, keys));
  nodes.set(name, { labels: before?.labels ?? {}, keys });
};

const addClass: Change = async ({ kube }, { classes }, random) => {
  const name = `capacities-c${random.below(1_000_000)}-${SIDE}`;
  const late = random.chance(0.75);
  for (const side of SIDES) {
    const object: StorageClass = {
      metadata: { name },
      provisioner: DRIVER,
      volumeBindingMode: late ? 'WaitForFirstConsumer' : 'Immediate',
      parameters: { tier: 'gold', 'csi.storage.k8s.io/fstype': 'ext4' },
    };
    await kube.create(STORAGE_CLASSES, objectOf(object, side));
  }
  classes.set(name, late);
};

const removeClass: Change = async ({ kube }, { classes }, random) => {
  const name = random.pick([...classes.keys()]);
  for (const side of SIDES) await kube.delete(STORAGE_CLASSES, { name: ofSide(name, side) });
  classes.delete(name);
};

const fill: Change = async (_plane, model, random) => {
  const segments = segmentsOf(model);
  if (segments.length === 0) return;
  const largest = random.chance(0.4) ? random.below(50) + 1 : undefined;
  model.room.set(random.pick(segments), { free: random.chance(0.2) ? 0 : random.below(999) + 1, largest });
};

async function change(plane: ControlPlane, model: CapacityModel, random: SeededRandom): Promise<void> {
  const few: readonly Change[] = [addNode, addNode, addClass];
  const many: readonly Change[] = [addNode, removeNode, relabel, relabel, reregister, addClass, removeClass, fill, fill, fill];
  const started = model.nodes.size >= 2 && model.classes.size >= 1;
  await random.pick(started ? many : few)(plane, model, random);
}
