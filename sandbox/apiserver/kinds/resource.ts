/**
 * What the server knows about a kind: where it lives in the API and the rules that its writes follow.
 * Built-in kinds are tables of these (kinds/), custom ones are made from CustomResourceDefinitions.
 */
import type { Json, JsonObject } from '../json.ts';
import type { Cause, Subject } from '../status.ts';

/** Reads of other objects that rules need (the default class, a claim's class). */
export interface Lookup {
  get(resource: string, key: string): JsonObject | undefined;
  list(resource: string): readonly JsonObject[];
}

/** Paths below an object that are served; scale, log and exec are not. */
export type Subresource = '' | 'status' | 'finalize' | 'binding';

/** One write on its way to the storage. `object` may be changed until it is stored. */
export interface Write {
  readonly object: JsonObject;
  /** The stored object; absent for a create. */
  readonly old: JsonObject | undefined;
  readonly subresource: Subresource;
  readonly lookup: Lookup;
  /** The time as the server stamps it: RFC 3339, seconds. */
  readonly now: string;
}

/** A column of `kubectl get`. A priority above 0 shows with `-o wide`. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly description?: string;
  readonly format?: string;
  readonly priority?: number;
  readonly cell: (object: JsonObject, nowMs: number) => Json;
}

/** What is particular about a kind. Several sets may stand in a row: each step runs through all of them. */
export interface ResourceRules {
  /** Drops what the kind does not know; answers the paths. Runs on what clients send, before all else. */
  readonly decode?: (object: JsonObject) => readonly string[];
  /** Defaults, pruning, fields that a client may not set. Runs before validation. May throw StatusError. */
  readonly prepare?: (write: Write) => void;
  readonly validate?: (write: Write) => readonly Cause[];
  /** Messages for the Warning header. */
  readonly warnings?: (write: Write) => readonly string[];
}

/** One kind in one version, as it is served. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** Name in the storage, the same for every version: `plural.group`. */
  readonly storage: string;
  readonly subresources: readonly Exclude<Subresource, ''>[];
  /** Made from a CRD: no strategic merge, kind and apiVersion required, nulls kept, a generation. */
  readonly custom: boolean;
  /** PUT of an absent object creates it. */
  readonly createOnUpdate: boolean;
  /** PUT without a resourceVersion is taken. */
  readonly unconditionalUpdate: boolean;
  /** DELETE answers the deleted object in place of a Status. */
  readonly returnDeleted: boolean;
  /** True where the spec's changes are counted in metadata.generation. */
  readonly generation: boolean;
  /** Names follow RFC 1123 labels (no dots) in place of subdomains. */
  readonly nameRule: 'subdomain' | 'label';
  /** Fields of the field selector beyond name and namespace. */
  readonly selectableFields: readonly string[];
  readonly columns: readonly Column[];
  readonly rules: readonly ResourceRules[];
  readonly deprecationWarning?: string;
}

export function apiVersion(type: { readonly group: string; readonly version: string }): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`;
}

/** The subject of most errors (plural) about an object of this kind. */
export function subjectOf(type: ResourceType, name?: string): Subject {
  return { group: type.group, type: type.plural, ...(name === undefined ? {} : { name }) };
}

/** The subject of an Invalid error, which speaks of the kind. */
export function kindSubject(type: ResourceType, name: string): Subject {
  return { group: type.group, type: type.kind, name };
}

export function storageName(group: string, plural: string): string {
  return `${plural}.${group}`;
}

export function objectKey(type: { readonly namespaced: boolean }, namespace: string, name: string): string {
  return type.namespaced ? `${namespace}/${name}` : name;
}
