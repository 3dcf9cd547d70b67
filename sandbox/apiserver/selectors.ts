/** Label and field selectors of list and watch requests, parsed once to a predicate. */
import type { JsonObject } from './json.ts';
import { at, objectAt } from './json.ts';
import { badRequest } from './status.ts';

export type Predicate = (object: JsonObject) => boolean;

type Labels = Readonly<Record<string, unknown>>;
type Requirement = (labels: Labels) => boolean;

const KEY = /^([A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?)$/;
const VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;
const SET = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/;
const COMPARE = /^([^\s=!<>]+)\s*(==|=|!=|>|<)\s*(\S*)$/;

/** Splits at commas that stand outside parentheses. */
function clauses(selector: string): string[] {
  const found = selector.match(/(?:\([^)]*\)|[^,(])+/g) ?? [];
  return found.map((clause) => clause.trim());
}

function checked(pattern: RegExp, text: string, selector: string): string {
  if (!pattern.test(text)) throw badRequest(`unable to parse requirement: found '${text}' in label selector "${selector}"`);
  return text;
}

function has(labels: Labels, key: string): boolean {
  return Object.hasOwn(labels, key);
}

/** `key`, `!key`, `key=v`, `key==v`, `key!=v`, `key in (a,b)`, `key notin (a,b)`, `key>1`, `key<1`. */
function requirement(clause: string, selector: string): Requirement {
  const set = SET.exec(clause);
  if (set !== null) {
    const key = checked(KEY, set[1] ?? '', selector);
    const values = new Set((set[3] ?? '').split(',').map((value) => checked(VALUE, value.trim(), selector)));
    if (set[2] === 'in') return (labels) => has(labels, key) && values.has(String(labels[key]));
    return (labels) => !has(labels, key) || !values.has(String(labels[key]));
  }
  const compare = COMPARE.exec(clause);
  if (compare !== null) {
    const key = checked(KEY, compare[1] ?? '', selector);
    const value = checked(VALUE, compare[3] ?? '', selector);
    switch (compare[2]) {
      case '!=':
        return (labels) => !has(labels, key) || labels[key] !== value;
      case '>':
        return (labels) => has(labels, key) && Number(labels[key]) > Number(value);
      case '<':
        return (labels) => has(labels, key) && Number(labels[key]) < Number(value);
      default:
        return (labels) => has(labels, key) && labels[key] === value;
    }
  }
  const absent = clause.startsWith('!');
  const key = checked(KEY, absent ? clause.slice(1).trim() : clause, selector);
  return (labels) => has(labels, key) !== absent;
}

/** Undefined for an empty selector, which selects everything. Throws a 400. */
export function labelPredicate(selector: string): Predicate | undefined {
  if (selector.trim() === '') return undefined;
  const requirements = clauses(selector).map((clause) => requirement(clause, selector));
  return (object) => {
    const labels = objectAt(object, 'metadata', 'labels');
    return requirements.every((holds) => holds(labels));
  };
}

/**
 * `fields` names what the kind can be selected by, besides its name and namespace: a path, or `name:path`
 * where a field is selected by another name. Throws a 400.
 */
export function fieldPredicate(selector: string, fields: readonly string[]): Predicate | undefined {
  if (selector.trim() === '') return undefined;
  const known = new Map(
    ['metadata.name', 'metadata.namespace', ...fields].map((field) => [field.split(':')[0] ?? '', field.split(':').at(-1) ?? '']),
  );
  const terms = selector.split(',').map((clause) => {
    const [, field = '', operator = '', wanted = ''] = /^([^=!]*)(==|=|!=)(.*)$/.exec(clause.trim()) ?? [];
    if (operator === '') throw badRequest(`invalid selector: '${selector}'; can't understand '${clause}'`);
    const place = known.get(field);
    if (place === undefined)
      throw badRequest(`"${field}" is not a known field selector: only ${[...known.keys()].map((name) => `"${name}"`).join(', ')}`);
    const path = place.split('.');
    return (object: JsonObject): boolean => {
      const value = at(object, ...path);
      const text = value === undefined || value === null ? '' : String(value);
      return (text === wanted) === (operator !== '!=');
    };
  });
  return (object) => terms.every((holds) => holds(object));
}

/** Both predicates as one. */
export function both(first: Predicate | undefined, second: Predicate | undefined): Predicate | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return (object) => first(object) && second(object);
}
