/**
 * create and update. Both run to the end in one turn: what was read is still true when it is written,
 * so a write either happens whole at one version or not at all. A write that changes nothing keeps the
 * version. Stored objects are never changed: every write stores an object of its own.
 */
import type { Clock } from '../../../lib/doors/clock.ts';
import type { Random } from '../../../lib/doors/random.ts';
import type { JsonObject } from '../json.ts';
import { at, dropNulls, ensureObject, equal, listAt, objectAt, stringAt } from '../json.ts';
import { keepSystemFields, validateMeta, validateMetaUpdate } from '../object-meta.ts';
import type { Lookup, ResourceType, Subresource, Write } from '../kinds/resource.ts';
import { kindSubject, objectKey, storageName, subjectOf } from '../kinds/resource.ts';
import { alreadyExists, badRequest, conflict, forbidden, invalid, invalidField, MODIFIED, notFound, StatusError } from '../status.ts';
import type { Storage, Stored } from '../storage.ts';

export interface WriteTools {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
}

export interface WriteTarget {
  readonly type: ResourceType;
  readonly namespace: string;
  /** Empty where the body names the object. */
  readonly name: string;
  readonly subresource: Subresource;
  readonly dryRun: boolean;
  /** Of a PUT: another uid in the body is a conflict; of a PATCH: a change of an immutable field. */
  readonly uidIsPrecondition?: boolean;
}

export interface Written {
  readonly stored: Stored;
  readonly created: boolean;
  readonly warnings: readonly string[];
}

const NAMESPACES = storageName('', 'namespaces');
const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
const MAX_PREFIX = 58;

/** RFC 3339 with whole seconds, as every server-made time but a Lease's. */
export function timestamp(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
}

export function lookupOf(storage: Storage): Lookup {
  return {
    get: (resource, key) => storage.get(resource, key)?.object,
    list: (resource) => storage.list(resource, '').map((stored) => stored.object),
  };
}

/** An answer without a write: the object as it would be. */
function unsaved(key: string, object: JsonObject, version: number): Stored {
  return { key, version, object, text: undefined };
}

function generatedName(prefix: string, random: Random): string {
  const letter = (): string => SUFFIX_LETTERS[Math.floor(random.next() * SUFFIX_LETTERS.length)] ?? 'b';
  return prefix.slice(0, MAX_PREFIX) + Array.from({ length: 5 }, letter).join('');
}

function checkNamespace(tools: WriteTools, target: WriteTarget, meta: JsonObject): void {
  const { type, namespace } = target;
  if (!type.namespaced) {
    delete meta.namespace;
    return;
  }
  meta.namespace ??= namespace;
  if (meta.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  const holder = tools.storage.get(NAMESPACES, namespace);
  if (holder === undefined) throw notFound({ group: '', type: 'namespaces', name: namespace });
  if (at(holder.object, 'metadata', 'deletionTimestamp') === undefined) return;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const cause = { reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' };
  throw forbidden(subjectOf(type, stringAt(meta, 'name') ?? ''), why, [cause]);
}

function makeWrite(tools: WriteTools, object: JsonObject, rest: { old: JsonObject | undefined; subresource: Subresource }): Write {
  return {
    object,
    old: rest.old,
    subresource: rest.subresource,
    lookup: lookupOf(tools.storage),
    now: timestamp(tools.clock.now()),
  };
}

function applyRules(type: ResourceType, write: Write): string[] {
  if (!type.custom) dropNulls(write.object);
  for (const rules of type.rules) rules.prepare?.(write);
  return type.rules.flatMap((rules) => rules.warnings?.(write) ?? []);
}

/** Stores a new object, which it takes over. */
export function createObject(tools: WriteTools, target: WriteTarget, object: JsonObject): Written {
  const { type } = target;
  const meta = ensureObject(object, 'metadata');
  checkNamespace(tools, target, meta);
  if (target.name !== '') meta.name ??= target.name;
  const prefix = stringAt(meta, 'generateName') ?? '';
  if (meta.name === undefined && prefix !== '') meta.name = generatedName(prefix, tools.random);
  if (meta.resourceVersion !== undefined) {
    throw new StatusError({ code: 500, reason: '', message: 'resourceVersion should not be set on objects to be created' });
  }
  for (const key of ['deletionTimestamp', 'deletionGracePeriodSeconds', 'generation']) delete meta[key];
  meta.uid = tools.random.uuid();
  const write = makeWrite(tools, object, { old: undefined, subresource: '' });
  meta.creationTimestamp = write.now;
  if (type.generation) meta.generation = 1;
  const warnings = applyRules(type, write);
  const name = stringAt(meta, 'name') ?? '';
  const causes = [...validateMeta(type, object), ...type.rules.flatMap((rules) => rules.validate?.(write) ?? [])];
  if (causes.length > 0) throw invalid(kindSubject(type, name), causes);
  const key = objectKey(type, target.namespace, name);
  if (tools.storage.get(type.storage, key) !== undefined) throw alreadyExists(subjectOf(type, name));
  const stored = target.dryRun ? unsaved(key, object, 0) : tools.storage.put(type.storage, key, object);
  return { stored, created: true, warnings };
}

/** True while finalizers hold the object. A Namespace has a list of its own in its spec. */
export function isHeld(type: ResourceType, object: JsonObject): boolean {
  if (listAt(object, 'metadata', 'finalizers').length > 0) return true;
  return type.storage === NAMESPACES && listAt(object, 'spec', 'finalizers').length > 0;
}

/** True if the update takes away the last thing that kept a deleted object. */
function finishesDeletion(type: ResourceType, object: JsonObject, old: JsonObject): boolean {
  if (isHeld(type, object) || at(old, 'metadata', 'deletionTimestamp') === undefined) return false;
  const grace = at(old, 'metadata', 'deletionGracePeriodSeconds');
  return grace === undefined || grace === 0;
}

/** Everything but metadata and the status that has a path of its own counts as a new generation. */
function changesGeneration(type: ResourceType, object: JsonObject, old: JsonObject): boolean {
  const relevant = ({ metadata: _metadata, status, ...rest }: JsonObject): JsonObject =>
    type.subresources.includes('status') || status === undefined ? rest : { ...rest, status };
  return !equal(relevant(object), relevant(old));
}

function checkVersion(type: ResourceType, name: string, [meta, current]: readonly [JsonObject, Stored]): void {
  const asked = stringAt(meta, 'resourceVersion') ?? '';
  if (asked === '' || asked === '0') {
    if (type.unconditionalUpdate) return;
    const cause = invalidField('metadata.resourceVersion', 0, 'must be specified for an update');
    throw invalid(subjectOf(type, name), [cause]);
  }
  if (asked !== String(current.version)) throw conflict(subjectOf(type, name), MODIFIED);
}

function wrongUid({ type, namespace, name }: WriteTarget, asked: string, found: string): StatusError {
  const key = `/registry/${type.group === '' || !type.custom ? '' : `${type.group}/`}${type.plural}/${objectKey(type, namespace, name)}`;
  const why = `Precondition failed: UID in precondition: ${asked}, UID in object meta: ${found}`;
  return conflict(
    subjectOf(type, name),
    `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`,
  );
}

/**
 * Replaces an object by what `change` makes of a copy without kind and apiVersion. `change` gets
 * undefined where nothing is stored and may then throw, or return what to create.
 */
export function updateObject(tools: WriteTools, target: WriteTarget, change: (old: Stored | undefined) => JsonObject): Written {
  const { type, namespace, name } = target;
  const key = objectKey(type, namespace, name);
  const current = tools.storage.get(type.storage, key);
  const object = change(current);
  const meta = ensureObject(object, 'metadata');
  const uid = stringAt(meta, 'uid') ?? '';
  if (current === undefined) {
    if (!type.createOnUpdate || target.subresource !== '') throw notFound(subjectOf(type, name));
    // A uid says which object was meant, and that one is gone: no other is made in its place.
    if (uid !== '') throw wrongUid(target, uid, '');
    delete meta.resourceVersion;
    return createObject(tools, target, object);
  }
  const old = current.object;
  const oldMeta = objectAt(old, 'metadata');
  if (target.uidIsPrecondition && uid !== '' && uid !== oldMeta.uid) throw wrongUid(target, uid, String(oldMeta.uid));
  checkVersion(type, name, [meta, current]);
  if (type.namespaced) meta.namespace ??= namespace;
  else delete meta.namespace;
  keepSystemFields(meta, oldMeta);
  const write = makeWrite(tools, object, { old, subresource: target.subresource });
  const warnings = applyRules(type, write);
  if (type.generation && target.subresource !== 'binding' && changesGeneration(type, object, old))
    meta.generation = Number(oldMeta.generation ?? 0) + 1;
  // Twice, as the real server: once for all kinds, once by the kind's own rules. Clients see both causes.
  const metaUpdate = validateMetaUpdate(object, old);
  const kindCauses = type.rules.flatMap((rules) => rules.validate?.(write) ?? []);
  const causes = [...validateMeta(type, object), ...metaUpdate, ...metaUpdate, ...kindCauses];
  if (causes.length > 0) throw invalid(kindSubject(type, name), causes);
  if (finishesDeletion(type, object, old)) {
    if (!target.dryRun) tools.storage.remove(type.storage, key);
    meta.resourceVersion = String(current.version);
    return { stored: unsaved(key, object, current.version), created: false, warnings };
  }
  meta.resourceVersion = String(current.version);
  if (equal(object, old)) return { stored: current, created: false, warnings };
  const stored = target.dryRun ? unsaved(key, object, current.version) : tools.storage.put(type.storage, key, object);
  return { stored, created: false, warnings };
}
