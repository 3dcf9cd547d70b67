/**
 * Keeps of an object what somebody declared to read: a cluster's claims and volumes are mostly other people's
 * annotations. Kinds that are written by PUT are kept whole.
 */
import type { KubeObject } from '../kube/objects.ts';
import type { Interest } from './informer.ts';

/** Always kept, in `metadata`. */
const IDENTITY = [
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'finalizers',
  'ownerReferences',
];

/** One level of the tree of kept fields: everything below, only these fields, or names by prefix. */
interface Kept {
  whole: boolean;
  readonly fields: Map<string, Kept>;
  readonly prefixes: string[];
}

export type Trim = <T extends KubeObject>(object: T) => T;
export type Fields = Interest<KubeObject>['fields'];

/** The trim that serves all of these interests: the union of their fields. */
export function compileTrim(interests: readonly Fields[]): Trim {
  const kept = keptBy(interests);
  return kept === 'whole' ? (object) => object : <T extends KubeObject>(object: T): T => pick(object, kept) as T;
}

/** True if two versions differ in what these fields keep, the resourceVersion apart. */
export function compileDiffers(fields: Fields): (a: KubeObject, b: KubeObject) => boolean {
  const kept = keptBy([fields]);
  if (kept === 'whole') {
    return (a, b) => a !== b && !sameValue(withoutVersion(a), withoutVersion(b));
  }
  kept.fields.get('metadata')?.fields.delete('resourceVersion');
  return (a, b) => !sameKept(a, b, kept);
}

function keptBy(interests: readonly Fields[]): Kept | 'whole' {
  if (interests.includes('whole')) return 'whole';
  const root = emptyKept();
  for (const name of ['apiVersion', 'kind']) keep(root, [name]);
  for (const name of IDENTITY) keep(root, ['metadata', name]);
  for (const fields of interests) if (fields !== 'whole') for (const path of fields) keepPath(root, path);
  return root;
}

function withoutVersion(object: KubeObject): KubeObject {
  const { resourceVersion: _, ...metadata } = object.metadata ?? {};
  return { ...object, metadata };
}

function emptyKept(): Kept {
  return { whole: false, fields: new Map(), prefixes: [] };
}

/** `spec.source`, `metadata.annotations[prefix]`: the prefix may hold dots. */
function keepPath(root: Kept, path: string): void {
  const bracket = path.indexOf('[');
  if (bracket < 0) {
    keep(root, path.split('.'));
    return;
  }
  const node = descend(root, path.slice(0, bracket).split('.'));
  node.prefixes.push(path.slice(bracket + 1, -1));
}

function keep(root: Kept, names: readonly string[]): void {
  descend(root, names).whole = true;
}

function descend(root: Kept, names: readonly string[]): Kept {
  let node = root;
  for (const name of names) {
    const next = node.fields.get(name) ?? emptyKept();
    node.fields.set(name, next);
    node = next;
  }
  return node;
}

function pick(value: unknown, kept: Kept): unknown {
  if (kept.whole || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => pick(item, kept));
  const picked: Record<string, unknown> = {};
  const whole = value as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(whole)) {
    const below = kept.fields.get(name);
    if (below !== undefined) picked[name] = pick(whole[name], below);
    else if (kept.prefixes.some((prefix) => name.startsWith(prefix))) picked[name] = whole[name];
  }
  return picked;
}

/**
 * Whether `pick` would leave the same of both, without the copies: this is asked at every event of every
 * handler.
 */
function sameKept(a: unknown, b: unknown, kept: Kept): boolean {
  if (a === b) return true;
  if (kept.whole || typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return sameValue(a, b);
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => sameKept(item, b[i], kept));
  }
  const left = a as Readonly<Record<string, unknown>>;
  const right = b as Readonly<Record<string, unknown>>;
  const same = (name: string): boolean => {
    const below = kept.fields.get(name);
    if (below !== undefined) return sameKept(left[name], right[name], below);
    return !kept.prefixes.some((prefix) => name.startsWith(prefix)) || sameValue(left[name], right[name]);
  };
  return Object.keys(left).every(same) && Object.keys(right).every((name) => name in left || same(name));
}

/** Deep equality of JSON values (bigint included); absent and undefined are the same. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
  const left = a as Readonly<Record<string, unknown>>;
  const right = b as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(left)) if (!sameValue(left[name], right[name])) return false;
  return Object.keys(right).every((name) => right[name] === undefined || name in left);
}
