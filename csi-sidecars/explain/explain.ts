/** An object of a cluster → its explanation. Only reads. */
import type { Clock } from '../../lib/doors/clock.ts';
import { orNothing } from '../../lib/kube/api-error.ts';
import type { KubeObject } from '../../lib/kube/objects.ts';
import {
  GROUP_SNAPSHOT_GROUP,
  GROUP_SNAPSHOT_VERSIONS,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  VOLUME_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOTS,
} from '../../lib/kube/resources.ts';
import { formatTime, parseTime } from '../../lib/kube/time.ts';
import { ConfigError } from '../../lib/errors/config-error.ts';
import { didYouMean } from '../../lib/process/nearest.ts';
import { listVisible, type ReadOnlyClient } from '../reading/read-only-client.ts';
import type { Explanation, Link } from './explanation.ts';
import { heldBy } from './finalizers.ts';
import { openEntriesOf } from './journal.ts';
import { newestWarning } from './last-error.ts';
import type { Running, RunningProgram } from './running.ts';
import type { Target } from './target.ts';
import { kubectlName } from '../reading/place.ts';
import type { Act, Scene } from './scene.ts';
import { openTheatre } from './theatre.ts';
import { explainClaim } from './turns/claim.ts';
import { explainGoneClaim } from './turns/claim-gone.ts';
import { explainContent, explainGroupContent } from './turns/content.ts';
import { explainGroup } from './turns/group.ts';
import { explainSnapshot } from './turns/snapshot.ts';
import { explainVolume } from './turns/volume.ts';

export interface ExplainInput {
  readonly client: ReadOnlyClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
  /** Undefined: not asked. */
  readonly running?: RunningProgram | undefined;
  /** Of csi-provisioner's Leases; undefined: not known. */
  readonly leaseNamespace?: string | undefined;
}

/** A kind with who explains it: the function takes objects of that kind. */
interface Actor {
  readonly plural: string;
  readonly act: (scene: Scene, object: KubeObject) => Promise<Act>;
}

const ACTORS: readonly Actor[] = [
  { plural: PERSISTENT_VOLUME_CLAIMS.plural, act: explainClaim },
  { plural: PERSISTENT_VOLUMES.plural, act: explainVolume },
  { plural: VOLUME_SNAPSHOTS.plural, act: explainSnapshot },
  { plural: VOLUME_SNAPSHOT_CONTENTS.plural, act: explainContent },
  { plural: 'volumegroupsnapshots', act: explainGroup },
  { plural: 'volumegroupsnapshotcontents', act: explainGroupContent },
];

/** Rejects with ConfigError where there is no such object. */
export async function explain({ resource, place }: Target, input: ExplainInput): Promise<Explanation> {
  const { client, clock, signal, say, running, leaseNamespace } = input;
  const object = await find({ resource, place }, client, signal);
  const journal =
    resource.plural === PERSISTENT_VOLUME_CLAIMS.plural && object?.status?.phase !== 'Bound'
      ? await openEntriesOf(`${place.namespace ?? ''}/${place.name}`, { client, running, leaseNamespace, signal })
      : { entries: [], unknown: [] };
  if (object === undefined && journal.entries.length === 0)
    throw new ConfigError(await notThere({ resource, place }, { ...input, unknown: journal.unknown }));
  const theatre = await openTheatre({ client, clock, signal, say });
  const actor = ACTORS.find(({ plural }) => plural === resource.plural);
  if (actor === undefined) throw new Error(`nobody explains ${resource.kind}`);
  const scene = { client, theatre, signal, nowMs: clock.now() };
  const [entry] = journal.entries;
  // Events about a claim that is gone are found by its uid.
  const shown: KubeObject = object ?? { metadata: { name: place.name, namespace: place.namespace ?? '', uid: entry?.claimUid ?? '' } };
  const act = object === undefined && entry !== undefined ? explainGoneClaim(scene, entry) : await actor.act(scene, shown);
  const { state, chain, turn, next, error, pause, unknown = [] } = act;
  const { creationTimestamp, deletionTimestamp, finalizers } = shown.metadata ?? {};
  const now = running?.about(keysOf(shown, chain));
  const lastError = turn.who === 'nobody' ? undefined : (error ?? (await newestWarning(client, shown, signal)));
  return {
    object: { ...place, state, created: creationTimestamp, deleted: deletionTimestamp },
    chain,
    turn,
    next,
    heldBack: heldNow(now, running) ?? (pause === undefined ? undefined : heldBack(lastError?.at, pause)),
    underWay: now?.underWay === undefined ? undefined : { controller: now.controller, ...now.underWay },
    journal: journal.entries,
    lastError,
    // On an object that lives they hold nothing.
    finalizers: deletionTimestamp === undefined ? [] : heldBy(finalizers),
    unknown: [...theatre.blind, ...unknown, ...journal.unknown],
  };
}

interface Found extends KubeObject {
  readonly status?: { readonly phase?: string };
}

/** Group kinds are asked for in every version that we know: which one the server has is not known yet. */
async function find({ resource, place }: Target, client: ReadOnlyClient, signal: AbortSignal): Promise<Found | undefined> {
  const versions = resource.group === GROUP_SNAPSHOT_GROUP ? GROUP_SNAPSHOT_VERSIONS : [resource.version];
  for (const version of versions) {
    const object = await orNothing<Found>(client.get({ ...resource, version }, place, signal));
    if (object !== undefined) return object;
  }
  return undefined;
}

/** As controllers count it, and its content, as far as which a snapshot is. */
function keysOf({ metadata }: KubeObject, chain: readonly Link[]): string[] {
  const { name = '', namespace, uid = '' } = metadata ?? {};
  const contents = chain.flatMap(({ relation, place }) => (relation === 'content' ? [place.name] : []));
  return [namespace === undefined ? name : `${namespace}/${name}`, uid, ...contents];
}

/** Undefined where no running process was asked. */
function heldNow(now: Running | undefined, running: RunningProgram | undefined): Explanation['heldBack'] {
  if (running === undefined) return undefined;
  if (now?.heldBack === undefined)
    return { until: undefined, atTheLatest: undefined, why: `no: the running ${running.program} holds nothing of it back` };
  const { effect, failures, until } = now.heldBack;
  const after = failures === 0 ? 'it looks again then' : `after ${failures} failed ${failures === 1 ? 'try' : 'tries'}`;
  return { until, atTheLatest: until, why: `until ${until}, as the running ${running.program} says of ${effect}: ${after}` };
}

function heldBack(failedAt: string | undefined, pause: number | 'change'): NonNullable<Explanation['heldBack']> {
  if (pause === 'change') {
    const why = 'no: the next try comes at once when what is in the way has gone (the Go program waits for its back-off)';
    return { until: undefined, atTheLatest: undefined, why };
  }
  const since = parseTime(failedAt);
  if (since === undefined)
    return { until: undefined, atTheLatest: undefined, why: 'nothing shows a failed try, so nothing shows that the next one is held back' };
  const atTheLatest = formatTime(since + pause);
  return {
    until: undefined,
    atTheLatest,
    why: `only the running process knows until when; after the last failure at most until ${atTheLatest}, by the default of --retry-interval-max`,
  };
}

async function notThere(
  { resource, place }: Target,
  { client, signal, unknown }: Pick<ExplainInput, 'client' | 'signal'> & { readonly unknown: readonly string[] },
): Promise<string> {
  const { namespace } = place;
  const { items, blind } = await listVisible(client, resource, { signal, ...(namespace === undefined ? {} : { namespace }) });
  if (blind?.reason === 'absent') return `${blind.message}: csi-sidecars install-crds installs the snapshot kinds`;
  const names = items.map(({ metadata }) => metadata?.name ?? '');
  return [`there is no ${kubectlName(place)}${didYouMean(place.name, names)}`, ...unknown.map((what) => `not known: ${what}`)].join('; ');
}
