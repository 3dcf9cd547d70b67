/** Generated clusters around one claim, and what csi-provisioner does with them. */
import fc from 'fast-check';
import type { KubeObject } from '../../../lib/kube/objects.ts';
import {
  CSI_NODES,
  NODES,
  PERSISTENT_VOLUMES,
  PERSISTENT_VOLUME_CLAIMS,
  REFERENCE_GRANTS,
  STORAGE_CLASSES,
  VOLUME_ATTACHMENTS,
  VOLUME_SNAPSHOTS,
} from '../../../lib/kube/resources.ts';
import { openCaches } from '../../../provisioner/caches.ts';
import { absorb } from '../../../provisioner/claim/absorb.ts';
import { decide as decideClaim } from '../../../provisioner/claim/decide.ts';
import { gather as gatherClaim } from '../../../provisioner/claim/gather.ts';
import type { ClaimAnswer, ClaimDecision, ClaimState } from '../../../provisioner/claim/state.ts';
import { createTopologyBook } from '../../../provisioner/claim/topology-book.ts';
import { decide as decideClone } from '../../../provisioner/clone-protection/decide.ts';
import { gather as gatherClone } from '../../../provisioner/clone-protection/gather.ts';
import { createClaimsInProgress } from '../../../provisioner/intent/claims-in-progress.ts';
import { opened } from '../../../provisioner/intent/operation.ts';
import {
  BETA_STORAGE_CLASS,
  DELETION_SECRET_NAME,
  DELETION_SECRET_NAMESPACE,
  MIGRATED_TO,
  PROVISIONED_BY,
} from '../../../provisioner/facts/names.ts';
import { createSourceProtections } from '../../../provisioner/source-protections.ts';
import { decide as decideSnapshot } from '../../../provisioner/snapshot-protection/decide.ts';
import { gather as gatherSnapshot } from '../../../provisioner/snapshot-protection/gather.ts';
import { aClaim, aClass, aContent, aSnapshot, aVolume, CLAIM_UID, DRIVER, SNAPSHOT_SOURCE } from '../../../provisioner/testing/objects.ts';
import { ALL_CAPABILITIES, settings } from '../../../provisioner/testing/states.ts';
import { decide as decideVolume } from '../../../provisioner/volume/decide.ts';
import { gather as gatherVolume } from '../../../provisioner/volume/gather.ts';
import type { FixedInformers, Keeping, Objects } from './fixed-informers.ts';
import { fixedInformers } from './fixed-informers.ts';

const ZONE = 'topology.mock/zone';
const SECRET = { 'csi.storage.k8s.io/provisioner-secret-name': 's', 'csi.storage.k8s.io/provisioner-secret-namespace': 'vault' };
const modes = fc.constantFrom('Filesystem', 'Block');
const sometimes = <T>(value: T) => fc.option(fc.constant(value), { nil: undefined });

export type ProvisionerWorld = typeof worlds extends fc.Arbitrary<infer T> ? T : never;

/** Each a record of choices: what of them matters is for the program to say. */
export const worlds = fc.record({
  source: fc.constantFrom('none', 'snapshot', 'claim', 'claim elsewhere'),
  mode: modes,
  classProvisioner: fc.constantFrom(DRIVER, DRIVER, DRIVER, 'other'),
  parameters: fc.constantFrom({}, { kind: 'hdd' }, SECRET),
  reclaimPolicy: fc.constantFrom('Delete', 'Retain'),
  mountOptions: sometimes(['ro']),
  late: fc.boolean(),
  selectedNode: sometimes('n1'),
  allowedTopologies: sometimes([{ matchLabelExpressions: [{ key: ZONE, values: ['a'] }] }]),
  zone: fc.constantFrom('a', 'b'),
  hasNode: fc.boolean(),
  granted: fc.boolean(),
  sourceClass: fc.constantFrom('fast', 'slow'),
  sourceMode: modes,
  volume: fc.record({
    driver: fc.constantFrom(DRIVER, DRIVER, DRIVER, 'other'),
    handle: fc.constantFrom('vol-1', ''),
    claimUid: fc.constantFrom(CLAIM_UID, 'original-uid', 'nobody'),
    policy: fc.constantFrom('Delete', 'Delete', 'Retain'),
    className: fc.constantFrom('fast', 'gone'),
    betaClass: sometimes('fast'),
    phase: fc.constantFrom('Released', 'Bound'),
    maker: fc.constantFrom(undefined, DRIVER, 'in-tree'),
    migratedTo: sometimes(DRIVER),
    secret: fc.constantFrom(undefined, 'own', ''),
    isAttached: fc.boolean(),
  }),
});

function annotations(pairs: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(pairs).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
}

function objectsOf(world: ProvisionerWorld): Objects {
  const { source, volume } = world;
  const elsewhere = source === 'claim elsewhere';
  const spec =
    source === 'snapshot'
      ? { dataSource: SNAPSHOT_SOURCE }
      : source === 'claim'
        ? { dataSource: { kind: 'PersistentVolumeClaim', name: 'original' } }
        : elsewhere
          ? { dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'original', namespace: 'other' } }
          : {};
  const claim = aClaim({ ...spec, volumeMode: world.mode });
  const selected = annotations({ 'volume.kubernetes.io/selected-node': world.selectedNode });
  const original = aClaim({
    metadata: { name: 'original', namespace: elsewhere ? 'other' : 'shop', uid: 'original-uid', deletionTimestamp: 'now' },
    volumeName: 'pv-original',
    storageClassName: world.sourceClass,
    volumeMode: world.sourceMode,
  });
  const living = { ...original, metadata: { ...original.metadata, deletionTimestamp: undefined }, status: { phase: 'Bound' } };
  return {
    [PERSISTENT_VOLUME_CLAIMS.plural]: [
      { ...claim, metadata: { ...claim.metadata, annotations: { ...claim.metadata?.annotations, ...selected } } },
      source === 'none' ? { ...original, metadata: { ...original.metadata, finalizers: CLONE_FINALIZERS } } : living,
    ] as KubeObject[],
    [PERSISTENT_VOLUMES.plural]: [
      aVolume({
        metadata: {
          name: 'pv-one',
          uid: 'pv-1',
          annotations: annotations({
            [PROVISIONED_BY]: volume.maker,
            [MIGRATED_TO]: volume.migratedTo,
            [BETA_STORAGE_CLASS]: volume.betaClass,
            [DELETION_SECRET_NAME]: volume.secret,
            [DELETION_SECRET_NAMESPACE]: volume.secret === undefined ? undefined : 'vault',
          }),
        },
        csi: { driver: volume.driver, volumeHandle: volume.handle },
        claimRef: { namespace: 'shop', name: 'data', uid: volume.claimUid },
        persistentVolumeReclaimPolicy: volume.policy,
        storageClassName: volume.className,
        status: { phase: volume.phase },
      }),
      aVolume({
        metadata: { name: 'pv-original', uid: 'pv-2' },
        csi: { driver: volume.driver, volumeHandle: 'vol-2' },
        claimRef: { namespace: elsewhere ? 'other' : 'shop', name: 'original', uid: 'original-uid' },
        volumeMode: world.sourceMode,
      }),
    ],
    [STORAGE_CLASSES.plural]: [
      aClass({
        provisioner: world.classProvisioner,
        parameters: world.parameters,
        reclaimPolicy: world.reclaimPolicy,
        ...(world.mountOptions === undefined ? {} : { mountOptions: world.mountOptions }),
        volumeBindingMode: world.late ? 'WaitForFirstConsumer' : 'Immediate',
        ...(world.allowedTopologies === undefined ? {} : { allowedTopologies: world.allowedTopologies }),
      }),
    ],
    [NODES.plural]: world.hasNode ? [{ metadata: { name: 'n1', uid: 'n1', labels: { [ZONE]: world.zone } } }] : [],
    [CSI_NODES.plural]: [
      { metadata: { name: 'n1', uid: 'c1' }, spec: { drivers: [{ name: DRIVER, nodeID: 'n1', topologyKeys: [ZONE] }] } } as KubeObject,
    ],
    [VOLUME_ATTACHMENTS.plural]: volume.isAttached
      ? [{ metadata: { name: 'va', uid: 'va' }, spec: { source: { persistentVolumeName: 'pv-one' }, nodeName: 'n1' } } as KubeObject]
      : [],
    [VOLUME_SNAPSHOTS.plural]: [aSnapshot()],
    [REFERENCE_GRANTS.plural]: world.granted
      ? [
          {
            metadata: { name: 'grant', namespace: 'other', uid: 'g' },
            spec: {
              from: [{ group: '', kind: 'PersistentVolumeClaim', namespace: 'shop' }],
              to: [{ group: '', kind: 'PersistentVolumeClaim' }],
            },
          } as KubeObject,
        ]
      : [],
  };
}

const CLONE_FINALIZERS = ['provisioner.storage.kubernetes.io/cloning-protection'];
const RULES = settings({
  capabilities: new Set([...ALL_CAPABILITIES, 'PUBLISH_UNPUBLISH_VOLUME', 'VOLUME_ACCESSIBILITY_CONSTRAINTS']),
  crossNamespace: true,
  topology: true,
});

/** Every step that the four controllers take, up to the driver's call. */
export function provisionerSteps(
  world: ProvisionerWorld,
  keeping: Keeping,
): { readonly steps: unknown; readonly informers: FixedInformers } {
  const informers = fixedInformers(objectsOf(world), keeping);
  const needs = {
    nodes: true,
    affinities: false,
    capacity: undefined,
    attachments: true,
    snapshots: true,
    crossNamespace: true,
    journals: false,
  };
  const caches = openCaches(informers, { driver: DRIVER, leaseNamespace: 'kube-system', ...needs });
  const progress = createClaimsInProgress();
  const protections = createSourceProtections();
  const accounts = { usersElsewhere: (kind: string) => (kind === 'claim' ? ['original-uid'] : []) };
  const { nodes, csiNodes } = caches;
  const common = { caches, progress, protections, accounts, settings: () => RULES, driverName: () => DRIVER };
  const claim = gatherClaim(
    {
      ...common,
      topology: nodes === undefined || csiNodes === undefined ? undefined : createTopologyBook(DRIVER, { nodes, csiNodes }),
      strictTopology: false,
      immediateTopology: true,
      minVersion: { value: undefined },
      now: () => 1_000_000,
      monotonic: () => 0,
    },
    CLAIM_UID,
  );
  const volume = gatherVolume({ ...common, memories: new Map() }, 'pv-one');
  const clone = gatherClone(common, world.source === 'claim elsewhere' ? 'other/original' : 'shop/original');
  const snapshot = gatherSnapshot(common, 'shop/monday');
  const steps = {
    claim: claim === undefined ? undefined : untilTheCall(claim),
    volume: volume === undefined ? undefined : decideVolume(volume),
    clone: clone === undefined ? undefined : decideClone(clone),
    snapshot: snapshot === undefined ? undefined : decideSnapshot(snapshot),
  };
  return { steps, informers };
}

/** Every effect succeeds. */
function untilTheCall(first: ClaimState): readonly ClaimDecision[] {
  const steps: ClaimDecision[] = [];
  for (let state = first; ; ) {
    const step = decideClaim(state);
    steps.push(step);
    if (step.kind === 'done' || step.kind === 'retry' || step.kind === 'poll') return steps;
    const answer = answerTo(step, state);
    if (answer === undefined) return steps;
    state = absorb(state, step, answer);
  }
}

function answerTo(
  step: Exclude<ClaimDecision, { readonly kind: 'done' | 'retry' | 'poll' }>,
  { progress }: ClaimState,
): ClaimAnswer | undefined {
  switch (step.kind) {
    case 'read-content':
      return { kind: 'content', name: step.name, object: aContent() };
    case 'read-secret':
      return { kind: 'secret', secret: { of: step.secret, reveal: () => ({}) }, progress };
    case 'protect-claim':
    case 'protect-snapshot':
      return { kind: 'protected', progress };
    case 'write-intent':
      return { kind: 'written', progress: { ...progress, operation: opened(step.intent, undefined) } };
    default:
      return undefined;
  }
}
