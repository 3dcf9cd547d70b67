/**
 * What a CreateVolume that may be under way can leave behind, as it stands in the journal (journal.ts) before
 * the call is sent: enough to send the very request again once nobody remembers the claim. It holds the name
 * of the secret, never its content.
 *
 * An entry is a note, not an authority: it may be read back by another version, after somebody edited it, or
 * have been written by somebody else altogether. Reading never throws and never guesses; what can be derived
 * from claim and class while they exist is derived from them, and fits.ts says what is not believed.
 */
import { createHash } from 'node:crypto';
import type { CreateVolumeRequest } from '../../proto/gen/csi.ts';
import type { StorageClass } from '../../lib/kube/objects.ts';
import type { SecretName } from '../../lib/sidecar/secret.ts';
import { decodeRequest, encodeRequest, isObject, text } from './request-json.ts';

export interface ClaimReference {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface Intent {
  readonly claim: ClaimReference;
  readonly className: string;
  /** Tells a class that was mended from the one that it was: see classVersionOf. */
  readonly classVersion: string;
  /** Exactly what is sent, but for the secrets. */
  readonly request: CreateVolumeRequest;
  readonly secret: SecretName | undefined;
  /** The object that the volume is filled from; it must not go while a call may be running. */
  readonly source: SourceReference | undefined;
  readonly selectedNode: string | undefined;
  /** Digest of a topology requirement that is too long to be written down: whoever reads the entry has to compute it again. */
  readonly omittedTopology: string | undefined;
}

export interface SourceReference {
  readonly kind: 'snapshot' | 'claim';
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Longest list of places that is written down whole, in characters of JSON: an entry has room for MOST_REQUESTS of them. */
export const LONGEST_TOPOLOGY = 2 * 1024;
/** So many requests of one claim are uncertain at once, at most. */
export const MOST_UNCERTAIN = 4;
/** These, and the one that is sent next: an entry that holds more is not ours. */
export const MOST_REQUESTS = MOST_UNCERTAIN + 1;

type Json = Readonly<Record<string, unknown>>;

/**
 * The value of the journal for a claim: the requests that may have made its volume, the latest first. At least one.
 * `deleting`: a volume whose deletion was asked for, should one of them have made it.
 */
export function encodeEntry(intents: readonly [Intent, ...Intent[]], deleting?: string): Json {
  const [{ claim, className }] = intents;
  const named = { namespace: claim.namespace, name: claim.name, uid: claim.uid };
  return { claim: named, className, requests: intents.map(encodeIntent), ...(deleting === undefined ? {} : { deleting }) };
}

function encodeIntent(intent: Intent): Json {
  const { classVersion, secret, source, selectedNode, omittedTopology } = intent;
  const request = omittedTopology === undefined ? intent.request : { ...intent.request, accessibilityRequirements: undefined };
  return { ...encodeRequest(request), classVersion, secret, source, selectedNode, omittedTopology };
}

/** Of a class under its name: another one, or other places that it allows. Its other fields never change. */
export function classVersionOf({ metadata, allowedTopologies }: StorageClass): string {
  return createHash('sha256')
    .update(JSON.stringify([metadata?.uid, allowedTopologies]))
    .digest('hex')
    .slice(0, 16);
}

/** It was read back, and its terms had not been written down. */
export function lacksTopology({ omittedTopology, request }: Intent): boolean {
  return omittedTopology !== undefined && request.accessibilityRequirements === undefined;
}

/** True if the two are sent, and written down, alike. */
export function sameIntent(a: Intent, b: Intent): boolean {
  return JSON.stringify(encodeIntent(a)) === JSON.stringify(encodeIntent(b));
}

export type ReadEntry =
  | { readonly kind: 'entry'; readonly intents: readonly [Intent, ...Intent[]]; readonly deleting: string | undefined }
  | { readonly kind: 'unreadable'; readonly message: string };

/** The entry under this claim uid. `value` is whatever stood there. */
export function readEntry(uid: string, value: unknown): ReadEntry {
  if (!isObject(value) || !isObject(value['claim'])) return unreadable('it is no entry of this program');
  const named = value['claim'];
  const claim = { namespace: text(named['namespace']), name: text(named['name']), uid: text(named['uid']) };
  if (claim.uid !== uid || claim.namespace === '' || claim.name === '') return unreadable('it names another claim than it is filed under');
  const { requests } = value;
  if (!Array.isArray(requests) || requests.length > MOST_REQUESTS) return unreadable('its requests are no list that this program writes');
  const intents = requests.map((request) => readIntent(request, { claim, className: text(value['className']) }));
  const [first, ...rest] = intents.filter((intent) => intent !== undefined);
  if (first === undefined || rest.length + 1 !== intents.length) return unreadable('a request in it cannot be read');
  return { kind: 'entry', intents: [first, ...rest], deleting: text(value['deleting']) || undefined };
}

/** Every entry of a Lease of the journal (`texts` of lib/journal/lease.ts), by claim uid. */
export function readEntries(texts: ReadonlyMap<string, string>): readonly (readonly [string, ReadEntry])[] {
  return [...texts].map(([uid, text]) => [uid, readEntry(uid, JSON.parse(text))] as const);
}

function readIntent(value: unknown, owner: Pick<Intent, 'claim' | 'className'>): Intent | undefined {
  const request = decodeRequest(value);
  if (request === undefined || request.name === '' || !isObject(value)) return undefined;
  const { secret, source } = value;
  return {
    ...owner,
    request,
    classVersion: text(value['classVersion']),
    secret: isObject(secret) ? { name: text(secret['name']), namespace: text(secret['namespace']) } : undefined,
    source: isObject(source) ? sourceReference(source) : undefined,
    selectedNode: text(value['selectedNode']) || undefined,
    omittedTopology: text(value['omittedTopology']) || undefined,
  };
}

function sourceReference({ kind, namespace, name, uid }: Json): SourceReference {
  return { kind: kind === 'claim' ? 'claim' : 'snapshot', namespace: text(namespace), name: text(name), uid: text(uid) };
}

function unreadable(message: string): ReadEntry {
  return { kind: 'unreadable', message };
}
