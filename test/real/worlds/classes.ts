/** StorageClasses, the secrets that they name, and VolumeAttributesClasses. */
import type { KubeObject, StorageClass, TopologySelectorTerm } from '../../../lib/kube/objects.ts';
import { SECRETS, VOLUME_ATTRIBUTES_CLASSES } from '../../../lib/kube/resources.ts';
import type { SeededRandom } from '../../simulation/seeded-random.ts';
import { shuffled, someOf } from './draws.ts';
import { type MadeObject, type Place, RESERVED, SIDE } from './parts.ts';
import { ANSWER, ANSWERS } from './recording-driver.ts';

interface ClassPlace {
  readonly name: string;
  readonly driver: string;
  readonly keys: readonly string[];
  readonly topology: boolean;
}

export function drawClass(random: SeededRandom, { name, driver, keys, topology }: ClassPlace): StorageClass {
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

export function secrets({ namespace }: Place): readonly MadeObject[] {
  return ['prov', 'prov-blue', 'data-web-0'].map((secret) => ({
    resource: SECRETS,
    object: { metadata: { name: secret, namespace }, data: { key: Buffer.from(`secret of ${secret}`).toString('base64') } } as KubeObject,
  }));
}

export function attributesClasses({ name: world, driver }: Place): readonly MadeObject[] {
  const make = (word: string, driverName: string): MadeObject => ({
    resource: VOLUME_ATTRIBUTES_CLASSES,
    object: { metadata: { name: `${world}-${word}-${SIDE}` }, driverName, parameters: { iops: '100', throughput: word } } as KubeObject,
  });
  return [make('gold', driver), make('foreign', 'other.csi.example')];
}
