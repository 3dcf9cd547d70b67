/**
 * A random world for two provisioners: nodes, classes, secrets, sources, claims, flags and a driver. Its objects are made once
 * for each side, with names that differ in the word SIDE alone; nodes are shared, and list the drivers of both. The same
 * seed makes the same world.
 */
import type { PersistentVolumeClaim, StorageClass } from '../../../lib/kube/objects.ts';
import { NODES, STORAGE_CLASSES } from '../../../lib/kube/resources.ts';
import { SeededRandom } from '../../simulation/seeded-random.ts';
import type { Side } from '../programs.ts';
import { abroadIn, drawAbroad } from './abroad.ts';
import { drawClaim } from './claims.ts';
import { attributesClasses, drawClass, secrets } from './classes.ts';
import { drawNodes } from './nodes.ts';
import { type MadeObject, ofSide, SIDE } from './parts.ts';
import { drawSources } from './sources.ts';

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

/** Where the claims are. */
export function namespaceOf({ name }: Pick<World, 'name'>, side: Side): string {
  return ofSide(`${name}-${SIDE}`, side);
}

/** Where some of what claims are filled from is. */
export function abroadOf({ name }: Pick<World, 'name'>, side: Side): string {
  return ofSide(abroadIn(name), side);
}

export function classOf({ objects }: World, { spec }: PersistentVolumeClaim): StorageClass | undefined {
  return objects.find(({ resource, object }) => resource.kind === STORAGE_CLASSES.kind && object.metadata?.name === spec?.storageClassName)
    ?.object;
}

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
  const namespace = `${name}-${SIDE}`;
  const place = { name, driver, namespace, classes, nodeNames };
  const flags = drawFlags(random);
  const sources = drawSources(random, place);
  const claims = Array.from({ length: CLAIMS }, (_, index) => drawClaim(random, { ...place, index }));
  const abroad = drawAbroad(random, place, claims);
  return {
    seed,
    name,
    driver,
    plugin: ['CONTROLLER_SERVICE', ...(topology ? ['VOLUME_ACCESSIBILITY_CONSTRAINTS'] : [])],
    controller,
    flags: [...flags, ...abroad.flags],
    nodes,
    objects: [
      ...classes.map((object) => ({ resource: STORAGE_CLASSES, object })),
      ...secrets(place),
      ...attributesClasses(place),
      ...sources,
      ...abroad.objects,
    ],
    claims: abroad.claims,
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
