/** Object metadata: what a client may say in it, and what the server keeps from the stored object. */
import type { Json, JsonObject } from './json.ts';
import { at, dropNulls, equal, isObject, listAt, objectAt, stringAt } from './json.ts';
import type { ResourceType } from './kinds/resource.ts';
import type { Cause } from './status.ts';
import { badRequest, forbiddenField, invalidField, required, tooLong } from './status.ts';

const LABEL_MESSAGE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an " +
  "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN_MESSAGE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with " +
  "an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const QUALIFIED_MESSAGE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE_MESSAGE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
  "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const MAX_ANNOTATION_BYTES = 256 * 1024;
const IMMUTABLE = 'field is immutable';

/** Why a name may not be used; empty if it may. */
export function nameFaults(name: string, rule: ResourceType['nameRule']): string[] {
  const [limit, pattern, message] = rule === 'label' ? [63, LABEL, LABEL_MESSAGE] : [253, SUBDOMAIN, SUBDOMAIN_MESSAGE];
  const faults: string[] = [];
  if (name.length > limit) faults.push(`must be no more than ${limit} bytes`);
  if (!pattern.test(name)) faults.push(message);
  return faults;
}

/** Label keys, annotation keys and finalizers: `[dns-subdomain/]name`. */
function qualifiedNameFaults(key: string): string[] {
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  if (parts.length > 2)
    return [
      `a qualified name ${QUALIFIED_MESSAGE.slice('name part '.length)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  const faults: string[] = [];
  if (parts.length === 2) {
    if (parts[0] === '') faults.push('prefix part must be non-empty');
    else faults.push(...nameFaults(parts[0] ?? '', 'subdomain').map((fault) => `prefix part ${fault}`));
  }
  if (name === '') faults.push('name part must be non-empty');
  else if (name.length > 63) faults.push('name part must be no more than 63 bytes');
  if (!QUALIFIED_NAME.test(name)) faults.push(QUALIFIED_MESSAGE);
  return faults;
}

const STRING_MAPS = ['labels', 'annotations'];

/**
 * Brings metadata into the form the storage keeps: no nulls, no empty collections, nothing that the
 * server does not keep. Throws a 400 for what would not decode. `object.metadata` must be an object.
 */
export function normalizeMeta(object: JsonObject): void {
  const meta = object.metadata;
  if (!isObject(meta)) throw badRequest('metadata: expected an object');
  dropNulls(meta);
  delete meta.managedFields;
  delete meta.selfLink;
  for (const key of STRING_MAPS) {
    const map = meta[key];
    if (map === undefined) continue;
    if (!isObject(map))
      throw badRequest(`json: cannot unmarshal ${kindOf(map)} into Go struct field ObjectMeta.metadata.${key} of type map[string]string`);
    for (const value of Object.values(map)) {
      if (typeof value !== 'string')
        throw badRequest(`json: cannot unmarshal ${kindOf(value)} into Go struct field ObjectMeta.metadata.${key} of type string`);
    }
    if (Object.keys(map).length === 0) delete meta[key];
  }
  for (const key of ['finalizers', 'ownerReferences']) {
    const list = meta[key];
    if (list === undefined) continue;
    if (!Array.isArray(list))
      throw badRequest(`json: cannot unmarshal ${kindOf(list)} into Go struct field ObjectMeta.metadata.${key} of type []string`);
    if (list.length === 0) delete meta[key];
  }
  for (const key of ['name', 'generateName', 'namespace', 'uid', 'resourceVersion']) {
    const value = meta[key];
    if (value === undefined) continue;
    if (typeof value !== 'string')
      throw badRequest(`json: cannot unmarshal ${kindOf(value)} into Go struct field ObjectMeta.metadata.${key} of type string`);
    if (value === '') delete meta[key];
  }
}

function kindOf(value: Json): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value === 'bigint' ? 'number' : typeof value;
}

/** What is wrong with the metadata of any object. */
export function validateMeta(type: ResourceType, object: JsonObject): Cause[] {
  const meta = objectAt(object, 'metadata');
  const causes: Cause[] = [];
  const name = stringAt(meta, 'name') ?? '';
  if (name === '') causes.push(required('metadata.name', 'name or generateName is required'));
  else causes.push(...nameFaults(name, type.nameRule).map((fault) => invalidField('metadata.name', name, fault)));
  for (const [key, value] of Object.entries(objectAt(meta, 'labels'))) {
    causes.push(...qualifiedNameFaults(key).map((fault) => invalidField('metadata.labels', key, fault)));
    const text = String(value);
    if (text.length > 63) causes.push(invalidField('metadata.labels', text, 'must be no more than 63 bytes'));
    if (!LABEL_VALUE.test(text)) causes.push(invalidField('metadata.labels', text, LABEL_VALUE_MESSAGE));
  }
  let bytes = 0;
  for (const [key, value] of Object.entries(objectAt(meta, 'annotations'))) {
    causes.push(...qualifiedNameFaults(key.toLowerCase()).map((fault) => invalidField('metadata.annotations', key, fault)));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(String(value));
  }
  if (bytes > MAX_ANNOTATION_BYTES) causes.push(tooLong('metadata.annotations', MAX_ANNOTATION_BYTES));
  for (const finalizer of listAt(meta, 'finalizers')) {
    const text = String(finalizer);
    causes.push(...qualifiedNameFaults(text).map((fault) => invalidField('metadata.finalizers', text, fault)));
  }
  if (!type.custom) causes.push(...unqualifiedFinalizers(listAt(meta, 'finalizers')));
  const controllers = listAt(meta, 'ownerReferences').filter((reference) => at(reference, 'controller') === true);
  if (controllers.length > 1)
    causes.push(invalidField('metadata.ownerReferences', controllers, 'Only one reference can have Controller set to true.'));
  listAt(meta, 'ownerReferences').forEach((reference) => {
    for (const key of ['apiVersion', 'kind', 'name', 'uid']) {
      const why = key === 'apiVersion' ? 'version must not be empty' : 'must not be empty';
      if ((stringAt(reference, key) ?? '') === '') causes.push(invalidField(`metadata.ownerReferences.${key}`, '', why));
    }
  });
  return causes;
}

const STANDARD_FINALIZERS: readonly Json[] = ['kubernetes', 'orphan', 'foregroundDeletion'];

/** Built-in kinds want a domain in a finalizer; custom ones do not. */
function unqualifiedFinalizers(finalizers: readonly Json[]): Cause[] {
  return finalizers.flatMap((finalizer, index) => {
    if (String(finalizer).includes('/') || STANDARD_FINALIZERS.includes(finalizer)) return [];
    return [
      invalidField(`metadata.finalizers[${index}]`, finalizer, 'name is neither a standard finalizer name nor is it fully qualified'),
    ];
  });
}

/** What an update keeps from the stored object, whatever the client sent. */
export function keepSystemFields(meta: JsonObject, old: JsonObject): void {
  for (const key of ['creationTimestamp', 'generation']) {
    if (old[key] === undefined) delete meta[key];
    else meta[key] = old[key];
  }
  if (meta.uid === undefined && old.uid !== undefined) meta.uid = old.uid;
  if (old.deletionTimestamp !== undefined) meta.deletionTimestamp = old.deletionTimestamp;
  if (meta.deletionGracePeriodSeconds === undefined && old.deletionGracePeriodSeconds !== undefined) {
    meta.deletionGracePeriodSeconds = old.deletionGracePeriodSeconds;
  }
}

/** What an update may not do to the metadata, whatever the kind. */
export function validateMetaUpdate(object: JsonObject, old: JsonObject): Cause[] {
  const causes: Cause[] = [];
  const before = new Set(listAt(old, 'metadata', 'finalizers'));
  const added = listAt(object, 'metadata', 'finalizers').filter((finalizer) => !before.has(finalizer));
  if (at(old, 'metadata', 'deletionTimestamp') !== undefined && added.length > 0) {
    const list = added.map((finalizer) => JSON.stringify(finalizer)).sort();
    const why = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list.join(', ')}}`;
    causes.push(forbiddenField('metadata.finalizers', why));
  }
  for (const key of ['name', 'namespace', 'uid', 'deletionTimestamp', 'deletionGracePeriodSeconds']) {
    const [now, then] = [at(object, 'metadata', key), at(old, 'metadata', key)];
    if (!equal(now, then)) causes.push(invalidField(`metadata.${key}`, now, IMMUTABLE));
  }
  return causes;
}
