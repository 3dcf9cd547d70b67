/**
 * What became of a world's objects on one side, in words that are the same for both sides: uids, names of volumes and the word
 * of the side are replaced. Nothing else is left out but what the server writes and what no program decides.
 */
import type {
  CoreEvent,
  KubeObject,
  PersistentVolume,
  PersistentVolumeClaim,
  Resource,
  VolumeSnapshot,
} from '../../../lib/kube/objects.ts';
import { EVENTS, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, VOLUME_SNAPSHOTS } from '../../../lib/kube/resources.ts';
import type { Kube } from '../../../harness/kube.ts';
import type { Side } from '../programs.ts';
import type { CreateVolumeRequest, Recorded } from './recording-driver.ts';
import { ofNoSide, SIDES } from './parts.ts';
import { abroadOf, namespaceOf, type World } from './world.ts';

export interface ClaimOutcome {
  /** Each CreateVolumeRequest that differs from the others, as JSON with sorted keys. */
  readonly requests: readonly string[];
  /** Without it: no PV was made. */
  readonly volume: string | undefined;
  /** Annotations and finalizers. */
  readonly claim: string;
  /** `Type/Reason`, each once. */
  readonly told: readonly string[];
  /** Of the first refusal. */
  readonly words: string | undefined;
}

export interface SideOutcome {
  readonly claims: Readonly<Record<string, ClaimOutcome>>;
  /** Annotations and finalizers of what claims are filled from, by kind and name. */
  readonly sources: Readonly<Record<string, string>>;
}

export interface Listed {
  readonly claims: readonly PersistentVolumeClaim[];
  readonly volumes: readonly PersistentVolume[];
  readonly snapshots: readonly VolumeSnapshot[];
  readonly events: readonly CoreEvent[];
}

/** Everything that the outcomes of a world are read from, and the volumes of all worlds. */
export async function listWorld(kube: Kube, world: Pick<World, 'name'>): Promise<Listed> {
  const namespaces = SIDES.flatMap((side) => [namespaceOf(world, side), abroadOf(world, side)]);
  const inEach = async <T extends KubeObject>(resource: Resource<T>): Promise<T[]> =>
    (await Promise.all(namespaces.map((namespace) => kube.list(resource, namespace)))).flat();
  const [claims, volumes, snapshots, events] = await Promise.all([
    inEach(PERSISTENT_VOLUME_CLAIMS),
    kube.list(PERSISTENT_VOLUMES),
    inEach(VOLUME_SNAPSHOTS),
    inEach(EVENTS),
  ]);
  return { claims, volumes, snapshots, events };
}

const IDENTITY = /"storage\.kubernetes\.io\/csiProvisionerIdentity":"\d+-\d{1,4}-([^"]*)"/g;

export function outcomeOf(
  world: Pick<World, 'name' | 'claims'>,
  side: Side,
  seen: { readonly listed: Listed; readonly calls: readonly Recorded[] },
): SideOutcome {
  const { listed, calls } = seen;
  const [home, abroad] = [namespaceOf(world, side), abroadOf(world, side)];
  const ofThisSide = <T extends KubeObject>(objects: readonly T[]): readonly T[] =>
    objects.filter(({ metadata }) => metadata?.namespace === home || metadata?.namespace === abroad);
  const wanted = new Set(world.claims.map(({ metadata }) => metadata?.name ?? ''));
  const claims: Record<string, ClaimOutcome> = {};
  const sources: Record<string, string> = {};
  const plain = (value: unknown): string => ofNoSide(JSON.stringify(sorted(value)), side);

  for (const claim of ofThisSide(listed.claims)) {
    const { name = '', namespace, uid = '', annotations = {}, finalizers = [] } = claim.metadata ?? {};
    const marks = plain({ annotations, finalizers: [...finalizers].sort() });
    if (namespace === abroad || !wanted.has(name)) {
      sources[sourceText('claim', name, namespace === abroad)] = marks;
      continue;
    }
    const volume = listed.volumes.find(({ spec }) => spec?.claimRef?.uid === uid);
    const requests = calls.filter(({ rpc, request }) => rpc === 'CreateVolume' && isFor(request as CreateVolumeRequest, uid));
    const told = listed.events.filter(({ involvedObject }) => involvedObject?.uid === uid);
    const [first] = told.filter(({ reason }) => reason === 'ProvisioningFailed').sort(byFirstTime);
    const volumeName = (requests[0]?.request as CreateVolumeRequest | undefined)?.name ?? 'none';
    const withoutUids = (text: string): string => text.replaceAll(uid, '<uid>').replaceAll(volumeName, '<volume>');
    claims[name] = {
      requests: [...new Set(requests.map(({ request }) => withoutUids(plain(request))))].sort(),
      volume: volume === undefined ? undefined : withoutUids(plain(comparable(volume))).replaceAll(IDENTITY, '"identity":"$1"'),
      claim: marks,
      told: [...new Set(told.map(({ type = '', reason = '' }) => `${type}/${reason}`))].sort(),
      words: first === undefined ? undefined : ofNoSide(withoutUids(first.message ?? ''), side),
    };
  }
  for (const { metadata } of ofThisSide(listed.snapshots))
    sources[sourceText('snapshot', metadata?.name ?? '', metadata?.namespace === abroad)] = plain([...(metadata?.finalizers ?? [])].sort());
  for (const { metadata, spec } of listed.volumes) {
    const { namespace, name = '' } = spec?.claimRef ?? {};
    if (namespace === abroad || (namespace === home && !wanted.has(name)))
      sources[`volume of ${sourceText('claim', name, namespace === abroad)}`] = plain([...(metadata?.finalizers ?? [])].sort());
  }
  return { claims, sources };
}

/** As the sources of an outcome are named. */
export function sourceText(kind: 'snapshot' | 'claim', name: string, isAbroad: boolean): string {
  return `${kind} ${isAbroad ? 'abroad/' : ''}${name}`;
}

/** The name ends with the uid, or with as much of it as the flags leave. */
function isFor({ name }: CreateVolumeRequest, uid: string): boolean {
  if (name.endsWith(uid)) return true;
  const tail = name.slice(name.lastIndexOf('-') + 1);
  return tail.length >= 8 && uid.replaceAll('-', '').startsWith(tail);
}

/** An event's name ends with the nanosecond of its making; what the server says of it is in seconds. */
function byFirstTime(a: CoreEvent, b: CoreEvent): number {
  const at = ({ metadata }: CoreEvent): string => metadata?.name?.split('.').at(-1) ?? '';
  return at(a) < at(b) ? -1 : 1;
}

/** Without what the server writes; the keys of an affinity come in no order from a map of Go. */
function comparable({ metadata = {}, spec = {} }: PersistentVolume): object {
  const { name, annotations, labels, finalizers = [] } = metadata;
  const { resourceVersion: _version, ...claimRef } = spec.claimRef ?? {};
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms?.map(({ matchExpressions = [], ...rest }) => ({
    ...rest,
    matchExpressions: [...matchExpressions].sort((a, b) => ((a.key ?? '') < (b.key ?? '') ? -1 : 1)),
  }));
  return {
    metadata: { name, annotations, labels, finalizers },
    spec: { ...spec, claimRef, ...(terms === undefined ? {} : { nodeAffinity: { required: { nodeSelectorTerms: terms } } }) },
  };
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  if (Buffer.isBuffer(value)) return value.toString('base64');
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
