/** delete and deletecollection: preconditions, grace, finalizers. */
import type { Json, JsonObject } from '../json.ts';
import { at, clone, isObject, listAt, objectAt, stringAt } from '../json.ts';
import type { ResourceType } from '../kinds/resource.ts';
import { objectKey, storageName, subjectOf } from '../kinds/resource.ts';
import { badRequest, conflict, forbidden, notFound } from '../status.ts';
import type { Stored } from '../storage.ts';
import type { WriteTarget, WriteTools } from './write.ts';
import { isHeld, timestamp } from './write.ts';

const NAMESPACES = storageName('', 'namespaces');
/** Namespaces that the server makes and keeps. */
const LASTING: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);
/** Storage name of the CRD kind, for whoever follows CRDs. */
export const CRDS = storageName('apiextensions.k8s.io', 'customresourcedefinitions');
/** Holds a CRD until its custom resources are gone. */
export const CRD_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

/** Propagation policies are taken and ignored: nothing here collects garbage. */
export interface DeleteOptions {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly gracePeriodSeconds?: number;
}

/** From a DeleteOptions body, or from the query where there is no body. */
export function deleteOptions(body: Json | undefined, query: URLSearchParams): DeleteOptions & { readonly dryRun: boolean } {
  if (body !== undefined && !isObject(body)) throw badRequest('the body of a delete must be DeleteOptions');
  const grace = at(body, 'gracePeriodSeconds') ?? (query.has('gracePeriodSeconds') ? Number(query.get('gracePeriodSeconds')) : undefined);
  const uid = stringAt(body, 'preconditions', 'uid');
  const resourceVersion = stringAt(body, 'preconditions', 'resourceVersion');
  return {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(typeof grace === 'number' && Number.isInteger(grace) ? { gracePeriodSeconds: grace } : {}),
    dryRun: listAt(body, 'dryRun').includes('All') || query.getAll('dryRun').includes('All'),
  };
}

/** The object as it was last, or as it is now while something keeps it. */
export interface Deleted {
  readonly stored: Stored;
  /** False: finalizers or a grace period keep it. */
  readonly gone: boolean;
}

function checkPreconditions(type: ResourceType, stored: Stored, options: DeleteOptions): void {
  const uid = stringAt(stored.object, 'metadata', 'uid') ?? '';
  // The real server names the kind here, not the plural.
  const subject = { group: type.group, type: type.kind, name: stringAt(stored.object, 'metadata', 'name') ?? '' };
  if (options.uid !== undefined && options.uid !== uid) {
    const why = `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
    throw conflict(subject, why);
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== String(stored.version)) {
    const why = `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${stored.version}). The object might have been modified`;
    throw conflict(subject, why);
  }
}

/** Seconds that a Pod gets to end; undefined for every other kind, which knows no grace. */
function graceOf(type: ResourceType, object: JsonObject, options: DeleteOptions): number | undefined {
  if (type.plural !== 'pods' || type.group !== '') return undefined;
  // Nothing runs yet, or nothing runs any more: no need to wait.
  if ((stringAt(object, 'spec', 'nodeName') ?? '') === '') return 0;
  if (['Succeeded', 'Failed'].includes(stringAt(object, 'status', 'phase') ?? '')) return 0;
  const own = at(object, 'spec', 'terminationGracePeriodSeconds');
  return Math.max(options.gracePeriodSeconds ?? (typeof own === 'number' ? own : 30), 0);
}

function markDeleting(object: JsonObject, nowMs: number, graceSeconds: number): JsonObject {
  const marked = clone(object);
  const meta = objectAt(marked, 'metadata');
  if (meta.deletionTimestamp === undefined && typeof meta.generation === 'number') meta.generation += 1;
  meta.deletionTimestamp = timestamp(nowMs + graceSeconds * 1000);
  meta.deletionGracePeriodSeconds = graceSeconds;
  return marked;
}

/** What deletion adds to an object, besides the marks: a CRD is kept until its custom resources are gone. */
function adorn(type: ResourceType, object: JsonObject): void {
  if (type.storage === NAMESPACES) {
    object.status = { ...objectAt(object, 'status'), phase: 'Terminating' };
    delete objectAt(object, 'metadata').deletionGracePeriodSeconds;
  }
  const finalizers = listAt(object, 'metadata', 'finalizers');
  if (type.storage === CRDS && !finalizers.includes(CRD_FINALIZER))
    objectAt(object, 'metadata').finalizers = [...finalizers, CRD_FINALIZER];
}

/** Throws a 404, a 409 for a precondition that fails, a 403 for namespaces of the system. */
export function deleteObject(tools: WriteTools, target: WriteTarget, options: DeleteOptions): Deleted {
  const { type, namespace, name, dryRun } = target;
  const { storage, clock } = tools;
  const key = objectKey(type, namespace, name);
  const stored = storage.get(type.storage, key);
  if (stored === undefined) throw notFound(subjectOf(type, name));
  if (type.storage === NAMESPACES && LASTING.has(name)) throw forbidden(subjectOf(type, name), 'this namespace may not be deleted');
  checkPreconditions(type, stored, options);
  const { object } = stored;
  const deleting = at(object, 'metadata', 'deletionTimestamp') !== undefined;
  const pending = at(object, 'metadata', 'deletionGracePeriodSeconds');
  const wanted = graceOf(type, object, options);
  // A running grace period may only be shortened.
  const grace = deleting && typeof pending === 'number' && pending > 0 ? Math.min(options.gracePeriodSeconds ?? pending, pending) : wanted;
  if (deleting && pending === grace && grace !== 0 && grace !== undefined) return { stored, gone: false };
  if ((grace !== undefined && grace > 0) || isHeld(type, object) || type.storage === CRDS) {
    if (deleting && (pending ?? 0) === (grace ?? 0)) return { stored, gone: false };
    const marked = markDeleting(object, clock.now(), grace ?? 0);
    adorn(type, marked);
    if (dryRun) return { stored: { ...stored, object: marked, text: undefined }, gone: false };
    return { stored: storage.put(type.storage, key, marked), gone: false };
  }
  if (dryRun) return { stored, gone: true };
  // Watchers of a Pod see the deletion being asked for before they see it done.
  if (grace === 0 && !deleting) storage.put(type.storage, key, markDeleting(object, clock.now(), 0));
  return { stored: storage.remove(type.storage, key), gone: true };
}
