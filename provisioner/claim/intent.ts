/**
 * The record of a claim in work (decision 001): everything that is needed to finish the provisioning of a
 * claim that nobody remembers. It is written before the first CreateVolume and goes when the PV is saved or
 * the volume certainly does not exist. It holds the name of the secret, never its content.
 *
 * A record is read back years later, by another version, or after somebody edited it: `readIntent` never
 * throws and never guesses.
 */
import { createHash } from 'node:crypto';
import type { CreateVolumeRequest } from '../../proto/gen/csi.ts';
import type { Lease, PersistentVolume } from '../../lib/kube/objects.ts';
import { INTENT_ANNOTATION, INTENT_DRIVER_LABEL, intentName } from '../names.ts';
import { decodeRequest, encodeRequest, isObject, text } from './intent-request.ts';
import type { SecretName } from './secrets.ts';

export interface Intent {
  readonly claim: { readonly namespace: string; readonly name: string; readonly uid: string };
  /** Exactly what is sent, but for the secrets. */
  readonly request: CreateVolumeRequest;
  /** The PV without what the driver answers. */
  readonly plan: PersistentVolume;
  readonly secret: SecretName | undefined;
  /** The object that the volume is filled from; it must not go while a call may be running. */
  readonly source: SourceReference | undefined;
  readonly selectedNode: string | undefined;
  /** Digest of a topology requirement that was too long to be recorded: it has to be computed again. */
  readonly omittedTopology: string | undefined;
}

export interface SourceReference {
  readonly kind: 'snapshot' | 'claim';
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Longest record, in bytes: etcd holds one for each claim in work. */
export const MAX_INTENT_BYTES = 16 * 1024;
const VERSION = 1;

/** The intent as it is written down: without a topology that would make it too long. */
export function recordable(intent: Intent): Intent {
  if (new TextEncoder().encode(encode(intent)).length <= MAX_INTENT_BYTES || intent.request.accessibilityRequirements === undefined)
    return intent;
  return {
    ...intent,
    request: { ...intent.request, accessibilityRequirements: undefined },
    omittedTopology: digest(JSON.stringify(intent.request.accessibilityRequirements)),
  };
}

/** True if finishing `a` is finishing `b`: nothing needs to be written down anew. */
export function sameIntent(a: Intent, b: Intent): boolean {
  return encode(withoutVersion(recordable(a))) === encode(withoutVersion(recordable(b)));
}

/** The claim's resourceVersion goes into the PV, but whoever labels the claim changes nothing. */
function withoutVersion(intent: Intent): Intent {
  const { claimRef, ...spec } = intent.plan.spec ?? {};
  const { resourceVersion: _, ...ref } = claimRef ?? {};
  return { ...intent, plan: { ...intent.plan, spec: { ...spec, claimRef: ref } } };
}

export interface IntentPlace {
  readonly driver: string;
  readonly namespace: string;
}

export function intentLease(intent: Intent, { driver, namespace }: IntentPlace): Lease {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: intentName(intent.claim.uid),
      namespace,
      labels: { [INTENT_DRIVER_LABEL]: driverLabel(driver) },
      annotations: { [INTENT_ANNOTATION]: encode(recordable(intent)) },
    },
    // Nobody holds it; the name shows in `kubectl get leases`.
    spec: { holderIdentity: driver },
  };
}

export type ReadIntent = { readonly kind: 'intent'; readonly intent: Intent } | { readonly kind: 'unreadable'; readonly message: string };

export function readIntent(lease: Lease): ReadIntent {
  const annotation = lease.metadata?.annotations?.[INTENT_ANNOTATION];
  if (annotation === undefined) return unreadable(`it has no annotation ${INTENT_ANNOTATION}`);
  let value: unknown;
  try {
    value = JSON.parse(annotation);
  } catch {
    return unreadable('its annotation is no JSON');
  }
  if (!isObject(value) || value['version'] !== VERSION) return unreadable('another version wrote it');
  const { claim, plan, secret, source } = value;
  const request = decodeRequest(value['request']);
  if (request === undefined || !isObject(claim) || !isObject(plan) || !isObject(plan['metadata']))
    return unreadable('parts of it are missing');
  const named = { namespace: text(claim['namespace']), name: text(claim['name']), uid: text(claim['uid']) };
  if (named.uid === '' || lease.metadata?.name !== intentName(named.uid)) return unreadable('its name and its claim do not agree');
  if (request.name === '' || plan['metadata']['name'] !== request.name) return unreadable('its volume has no name');
  return {
    kind: 'intent',
    intent: {
      claim: named,
      request,
      // A view: what an older version did not write is absent, as in any object of the API server.
      plan,
      secret: isObject(secret) ? { name: text(secret['name']), namespace: text(secret['namespace']) } : undefined,
      source: isObject(source) ? sourceReference(source) : undefined,
      selectedNode: text(value['selectedNode']) || undefined,
      omittedTopology: text(value['omittedTopology']) || undefined,
    },
  };
}

function sourceReference(source: Readonly<Record<string, unknown>>): SourceReference {
  const { kind, namespace, name, uid } = source;
  return { kind: kind === 'claim' ? 'claim' : 'snapshot', namespace: text(namespace), name: text(name), uid: text(uid) };
}

function unreadable(message: string): ReadIntent {
  return { kind: 'unreadable', message };
}

function encode({ claim, request, plan, secret, source, selectedNode, omittedTopology }: Intent): string {
  return JSON.stringify({ version: VERSION, claim, request: encodeRequest(request), plan, secret, source, selectedNode, omittedTopology });
}

/** A driver name is a legal label value as a rule; another one is told by its digest. */
export function driverLabel(driver: string): string {
  return /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(driver) ? driver : `sha256-${digest(driver).slice(0, 40)}`;
}

export function digest(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}
