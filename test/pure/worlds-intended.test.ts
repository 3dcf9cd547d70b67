/** What is taken for intended where random worlds are compared with the Go program, and what is not (test/real/worlds/). */
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../lib/kube/objects.ts';
import { CSI_NODES, NODES } from '../../lib/kube/resources.ts';
import { missingAndSurplus } from '../real/worlds/capacities.ts';
import { differences, INTENDED_OF_6_3 } from '../real/worlds/intended.ts';
import type { ClaimOutcome, SideOutcome } from '../real/worlds/outcome.ts';
import { type MadeObject, SIDE } from '../real/worlds/parts.ts';
import type { World } from '../real/worlds/world.ts';

const DRIVER = `w-${SIDE}.csi.example`;

function aNode(name: string, labels: Record<string, string>, topologyKeys: readonly string[] | undefined): readonly MadeObject[] {
  const node = { resource: NODES, object: { metadata: { name, labels } } };
  const entry = { name: DRIVER.replace(SIDE, 'side-go'), nodeID: name, topologyKeys };
  const object = { metadata: { name }, spec: { drivers: [entry] } } as KubeObject;
  return topologyKeys === undefined ? [node] : [node, { resource: CSI_NODES, object }];
}

function aWorld(...more: readonly MadeObject[]): World {
  return {
    seed: 1,
    name: 'w',
    driver: DRIVER,
    plugin: [],
    controller: [],
    flags: [],
    nodes: [
      ...aNode('n0', { zone: 'a', rack: '1' }, ['zone', 'rack']),
      ...aNode('n1', { zone: 'b', rack: '2' }, ['zone']),
      ...aNode('n2', { zone: 'c' }, undefined),
      ...more,
    ],
    objects: [],
    claims: [
      { metadata: { name: 'data' }, spec: { dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'ready' } } },
    ],
  };
}

type Segments = Readonly<Record<string, string>>;

const OURS: readonly Segments[] = [{ zone: 'a', rack: '1' }, { zone: 'a' }, { zone: 'b' }];
const BY_ZONE: readonly Segments[] = [{ zone: 'a' }, { zone: 'b' }, { zone: 'c' }];
const BY_ZONE_AND_RACK: readonly Segments[] = [
  { zone: 'a', rack: '1' },
  { zone: 'b', rack: '2' },
];

function made(places: readonly Segments[], bytes = '1024', told: readonly string[] = []): ClaimOutcome {
  const topologies = places.map((segments) => ({ segments }));
  const [first = {}] = places;
  return {
    requests: [
      JSON.stringify({
        accessibility_requirements: { requisite: topologies, preferred: topologies.toReversed() },
        capacity_range: { required_bytes: bytes },
      }),
    ],
    volume: JSON.stringify({ metadata: { name: 'pv' }, spec: { csi: {}, nodeAffinity: first } }),
    claim: '{}',
    told,
    words: undefined,
  };
}

function refused(words: string): ClaimOutcome {
  return { requests: [], volume: undefined, claim: '{}', told: ['Warning/ProvisioningFailed'], words };
}

const sideOf = (data: ClaimOutcome, sources: SideOutcome['sources'] = {}): SideOutcome => ({ claims: { data }, sources });

function faultsBeside63(ours: ClaimOutcome, go: ClaimOutcome, world = aWorld()): readonly string[] {
  return differences(world, { ours: sideOf(ours), go: sideOf(go) }, INTENDED_OF_6_3).faults;
}

describe('beside v6.3.0', () => {
  test('the nodes that have the keys of one set are places, registered or not', () => {
    expect(faultsBeside63(made(OURS), made(BY_ZONE))).toEqual([]);
    expect(faultsBeside63(made(OURS), made(BY_ZONE_AND_RACK))).toEqual([]);
  });

  test('and beside no other release', () => {
    const sides = { ours: sideOf(made(OURS)), go: sideOf(made(BY_ZONE)) };
    expect(differences(aWorld(), sides, []).faults).toEqual([expect.stringContaining('requests'), expect.stringContaining('volume')]);
  });

  test('no others are', () => {
    expect(faultsBeside63(made(OURS), made(BY_ZONE.slice(1)))).toHaveLength(2);
    expect(faultsBeside63(made(OURS), made([...BY_ZONE, { zone: 'd' }]))).toHaveLength(2);
  });

  test('whatever else differs is a fault', () => {
    expect(faultsBeside63(made(OURS, '1025'), made(BY_ZONE))).toHaveLength(2);
    expect(faultsBeside63(made(OURS), made(BY_ZONE, '1024', ['Normal/Provisioning']))).toEqual([expect.stringContaining('told')]);
    const elsewhere = { ...made(BY_ZONE), volume: JSON.stringify({ metadata: { name: 'pv' }, spec: { csi: { fsType: 'xfs' } } }) };
    expect(faultsBeside63(made(OURS), elsewhere)).toHaveLength(2);
  });

  test('where the places are the same, the volume is, too', () => {
    const moved = {
      ...made(BY_ZONE),
      volume: JSON.stringify({ metadata: { name: 'pv' }, spec: { csi: {}, nodeAffinity: { zone: 'z' } } }),
    };
    expect(faultsBeside63(made(BY_ZONE), moved)).toEqual([expect.stringContaining('volume')]);
  });

  const NO_NODE = 'error generating accessibility requirements: topologyKeys [row] were not found on any nodes';

  test('it may choose keys that no node has, if there are such', () => {
    const withoutLabels = aWorld(...aNode('n3', {}, ['row']));
    expect(faultsBeside63(made(OURS), refused(NO_NODE), withoutLabels)).toEqual([]);
    expect(faultsBeside63(made(OURS), refused(NO_NODE))).not.toEqual([]);
    expect(faultsBeside63(made(OURS), refused('no room is left'), withoutLabels)).not.toEqual([]);
  });

  test('both may find none, each in its words', () => {
    expect(faultsBeside63(refused(NO_NODE.replace('[row]', '[[row] [zone]]')), refused(NO_NODE))).toEqual([]);
  });
});

describe('the protection of a source', () => {
  const FINALIZERS = '["provisioner.storage.kubernetes.io/volumesnapshot-as-source-protection"]';
  const faults = (name: string, ours: string, go: string): readonly string[] =>
    differences(aWorld(), { ours: sideOf(made(OURS), { [name]: ours }), go: sideOf(made(OURS), { [name]: go }) }, []).faults;

  test('may be there on the side of the Go program alone', () => {
    expect(faults('snapshot ready', '[]', FINALIZERS)).toEqual([]);
  });

  test('may be there on our side alone where a claim is filled from it', () => {
    expect(faults('snapshot ready', FINALIZERS, '[]')).toEqual([]);
    expect(faults('snapshot abroad/ready', FINALIZERS, '[]')).toHaveLength(1);
  });

  test('hides no other difference', () => {
    expect(faults('snapshot ready', '["other"]', FINALIZERS)).toHaveLength(1);
  });
});

test('our words begin with those of the Go program', () => {
  const faults = (ours: string, go: string): readonly string[] => faultsBeside63(refused(ours), refused(go));
  expect(faults('no room is left (wait)', 'no room is left')).toEqual([]);
  expect(faults('no room', 'no room is left')).toEqual([expect.stringContaining('words')]);
  expect(faults('Got {Bound [] <nil> nil nil}', 'Got {Bound [] <nil> nil}')).toEqual([]);
});

test('of the capacities of the Go program all but those of a segment without keys are looked at, of ours all', () => {
  const [keyless, placed] = ['class {} 3Gi ', 'class {"zone":"a"} 5Gi '];
  expect(missingAndSurplus('go', [placed], [keyless, placed])).toEqual([]);
  expect(missingAndSurplus('ours', [placed], [keyless, placed])).toEqual([`lacks ${keyless}`]);
  expect(missingAndSurplus('go', [keyless, 'class {"zone":"b"} 1Gi '], [placed])).toEqual([
    `lacks ${placed}`,
    'has class {"zone":"b"} 1Gi ',
  ]);
  expect(missingAndSurplus('ours', [placed, placed], [placed])).toEqual([`has ${placed}`]);
});
