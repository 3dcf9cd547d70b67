/**
 * A value against its schema. On an update, what did not change is not held against the writer: an
 * object that today's schema would refuse can still have its other fields changed (ratcheting).
 */
import type { Json, JsonObject } from '../json.ts';
import { equal, isObject, parseJson, printJson } from '../json.ts';
import type { Cause } from '../status.ts';
import { duplicate, forbiddenField, invalidField, notSupported, required, tooLong, tooMany, typeInvalid } from '../status.ts';
import type { Limits, Rule, Schema, Variables } from './schema-tree.ts';

const DATE_TIME = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
const MAX_INT: Readonly<Record<string, bigint>> = { int32: 2n ** 31n - 1n, int64: 2n ** 63n - 1n };

interface Walk {
  readonly path: string;
  /** The value before, where it can be told which one that was. */
  readonly old: Json | undefined;
}

/** What is validated, and in which light. */
export interface Subject {
  readonly object: JsonObject;
  /** The stored object, on an update. */
  readonly old: JsonObject | undefined;
  /** Only the status is written: the rest has been looked at before. */
  readonly statusOnly: boolean;
}

/** Causes against an object. Rules run only where all else is in order. */
export function validateObject({ object, old, statusOnly }: Subject, schema: Schema): Cause[] {
  const status = schema.properties.get('status');
  const causes =
    statusOnly && status !== undefined ? statusCauses({ object, old }, status) : validateValue(object, schema, { path: '', old });
  if (causes.some(isBlocking)) {
    const why = 'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
    return schema.hasRules ? [...causes, { reason: 'FieldValueInvalid', message: `Invalid value: null: ${why}`, field: '<nil>' }] : causes;
  }
  return [...causes, ...validateRules(object, schema, { path: '', old })];
}

/** Messages speak of places below the status, fields of places in the object. */
function statusCauses({ object, old }: Pick<Subject, 'object' | 'old'>, schema: Schema): Cause[] {
  if (object.status === undefined) return [];
  return validateValue(object.status, schema, { path: '', old: old?.status }).map((cause) => ({
    ...cause,
    field: below('status', cause.field ?? ''),
  }));
}

/** Causes after which rules would stumble over what is already known to be wrong. */
function isBlocking({ reason }: Cause): boolean {
  return ['FieldValueRequired', 'FieldValueTooLong', 'FieldValueTooMany', 'FieldValueTypeInvalid', 'FieldValueNotSupported'].includes(
    reason,
  );
}

function typeName(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value === 'bigint' ? 'integer' : typeof value;
}

/** A number that an integer of this format cannot hold. */
function isOutside(value: Json, format: string): boolean {
  const limit = MAX_INT[format];
  if (limit === undefined) return false;
  if (typeof value === 'number') return !Number.isInteger(value) || BigInt(value) > limit || BigInt(value) < -limit - 1n;
  return typeof value === 'bigint' && (value > limit || value < -limit - 1n);
}

function hasType(value: Json, schema: Schema): boolean {
  const name = typeName(value);
  if (value === null) return schema.nullable;
  if (schema.intOrString) return name === 'integer' || name === 'string';
  return schema.type === '' || name === schema.type || (schema.type === 'number' && name === 'integer');
}

function below(path: string, key: string): string {
  if (key === '') return path;
  return path === '' ? key : `${path}.${key}`;
}

function inBody(path: string): string {
  return path === '' ? 'body' : `${path} in body`;
}

function validateValue(value: Json, schema: Schema, walk: Walk): Cause[] {
  const { path, old } = walk;
  if (old !== undefined && equal(value, old)) return [];
  const { format } = schema.limits;
  if (schema.type === 'integer' && isOutside(value, format)) {
    return [typeInvalid(path, 'float64', `${inBody(path)} must be of type ${format}: "float64"`)];
  }
  if (!hasType(value, schema)) {
    const wanted = schema.intOrString ? 'integer,string' : schema.type;
    return [typeInvalid(path, typeName(value), `${inBody(path)} must be of type ${wanted}: "${typeName(value)}"`)];
  }
  if (value === null) return [];
  const causes = [...limitCauses(value, schema.limits, path), ...branchCauses(value, schema, walk)];
  if (Array.isArray(value)) causes.push(...arrayCauses(value, schema, walk));
  else if (isObject(value)) causes.push(...objectCauses(value, schema, walk));
  return causes;
}

function objectCauses(value: JsonObject, schema: Schema, { path, old }: Walk): Cause[] {
  const causes = schema.required
    .filter((key) => value[key] === undefined && !isTypeMeta(path, key))
    .map((key) => required(below(path, key)));
  for (const [key, item] of Object.entries(value)) {
    const child = schema.properties.get(key) ?? (path === '' && key === 'metadata' ? undefined : schema.additional);
    if (child === undefined) continue;
    causes.push(...validateValue(item, child, { path: below(path, key), old: isObject(old) ? old[key] : undefined }));
  }
  return causes;
}

/** Taken off before an object is stored, and checked there. */
function isTypeMeta(path: string, key: string): boolean {
  return path === '' && (key === 'apiVersion' || key === 'kind');
}

function arrayCauses(value: readonly Json[], schema: Schema, { path, old }: Walk): Cause[] {
  const { items } = schema;
  if (items === undefined) return [];
  const causes = value.flatMap((item, index) =>
    validateValue(item, items, { path: `${path}[${index}]`, old: formerItem(item, schema, old) }),
  );
  if (schema.listType === 'atomic') return causes;
  const ids = value.map((item) => itemId(item, schema));
  ids.forEach((id, index) => {
    if (ids.indexOf(id) !== index) causes.push(duplicate(`${path}[${index}]`, parseJson(id)));
  });
  return causes;
}

function itemId(item: Json, schema: Schema): string {
  if (schema.listType !== 'map' || !isObject(item)) return printJson(item);
  return printJson(Object.fromEntries(schema.listMapKeys.map((key) => [key, item[key] ?? null])));
}

/** The same element before the update, in lists that say what makes it the same. */
function formerItem(item: Json, schema: Schema, old: Json | undefined): Json | undefined {
  if (schema.listType !== 'map' || !Array.isArray(old)) return undefined;
  const id = itemId(item, schema);
  return old.find((candidate) => itemId(candidate, schema) === id);
}

function branchCauses(value: Json, schema: Schema, { path }: Walk): Cause[] {
  const fits = (branch: Schema): boolean => validateValue(value, branch, { path, old: undefined }).length === 0;
  const causes = schema.allOf.flatMap((branch) => validateValue(value, branch, { path, old: undefined }));
  const say = (detail: string): Cause => invalidField(path, '', `"${path}" ${detail}`);
  if (schema.anyOf.length > 0 && !schema.anyOf.some(fits)) causes.push(say('must validate at least one schema (anyOf)'));
  if (schema.oneOf.length > 0) {
    const count = schema.oneOf.filter(fits).length;
    const found = count === 0 ? 'Found none valid' : `Found ${count} valid alternatives`;
    if (count !== 1) causes.push(say(`must validate one and only one schema (oneOf). ${found}`));
  }
  if (schema.not !== undefined && fits(schema.not)) causes.push(say('must not validate the schema (not)'));
  return causes;
}

function limitCauses(value: Json, limits: Limits, path: string): Cause[] {
  if (limits.enum !== undefined && !limits.enum.some((allowed) => equal(allowed, value))) {
    return [
      notSupported(
        path,
        value,
        limits.enum.map((allowed) => (typeof allowed === 'string' ? allowed : printJson(allowed))),
      ),
    ];
  }
  if (typeof value === 'string') return stringCauses(value, limits, path);
  if (typeof value === 'number' || typeof value === 'bigint') return numberCauses(value, limits, path);
  if (Array.isArray(value)) return countCauses(value.length, { min: limits.minItems, max: limits.maxItems, unit: 'items' }, path);
  if (isObject(value))
    return countCauses(Object.keys(value).length, { min: limits.minProperties, max: limits.maxProperties, unit: 'properties' }, path);
  return [];
}

function stringCauses(value: string, limits: Limits, path: string): Cause[] {
  const causes: Cause[] = [];
  // Characters, not UTF-16 units.
  const length = Array.from(value).length;
  if (limits.maxLength !== undefined && length > limits.maxLength) causes.push(tooLong(path, limits.maxLength));
  if (limits.minLength !== undefined && length < limits.minLength) {
    causes.push(invalidField(path, value, `${inBody(path)} should be at least ${limits.minLength} chars long`));
  }
  if (limits.pattern !== undefined && !limits.pattern.test(value)) {
    causes.push(invalidField(path, value, `${inBody(path)} should match '${limits.pattern.source.replaceAll('\\/', '/')}'`));
  }
  if (limits.format === 'date-time' && !(DATE_TIME.test(value) && !Number.isNaN(Date.parse(value)))) {
    causes.push(typeInvalid(path, value, `${inBody(path)} must be of type date-time: ${JSON.stringify(value)}`));
  }
  return causes;
}

function numberCauses(value: number | bigint, limits: Limits, path: string): Cause[] {
  const causes: Cause[] = [];
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = limits;
  const say = (what: string): void => {
    causes.push(invalidField(path, value, `${inBody(path)} should be ${what}`));
  };
  if (minimum !== undefined && (value < minimum || (exclusiveMinimum && Number(value) === minimum))) {
    say(`greater than ${exclusiveMinimum ? '' : 'or equal to '}${minimum}`);
  }
  if (maximum !== undefined && (value > maximum || (exclusiveMaximum && Number(value) === maximum))) {
    say(`less than ${exclusiveMaximum ? '' : 'or equal to '}${maximum}`);
  }
  if (multipleOf !== undefined && Number(value) % multipleOf !== 0) say(`a multiple of ${multipleOf}`);
  return causes;
}

function countCauses(
  count: number,
  limit: { readonly min: number | undefined; readonly max: number | undefined; readonly unit: string },
  path: string,
): Cause[] {
  if (limit.max !== undefined && count > limit.max) return [tooMany(path, count, limit.max)];
  if (limit.min === undefined || count >= limit.min) return [];
  return [invalidField(path, count, `${inBody(path)} should have at least ${limit.min} ${limit.unit}`)];
}

function validateRules(value: Json, schema: Schema, walk: Walk): Cause[] {
  if (!schema.hasRules || value === null) return [];
  const { path, old } = walk;
  const causes = schema.rules.length === 0 ? [] : ruleCauses(value, schema, walk);
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return causes;
    value.forEach((item, index) =>
      causes.push(...validateRules(item, items, { path: `${path}[${index}]`, old: formerItem(item, schema, old) })),
    );
  } else if (isObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      const child = schema.properties.get(key) ?? schema.additional;
      if (child !== undefined)
        causes.push(...validateRules(item, child, { path: below(path, key), old: isObject(old) ? old[key] : undefined }));
    }
  }
  return causes;
}

function ruleCauses(value: Json, schema: Schema, { path, old }: Walk): Cause[] {
  const [first] = schema.rules;
  if (first === undefined) return [];
  const self = first.valueOf(value, schema);
  const before = old === undefined || old === null ? undefined : first.valueOf(old, schema);
  const unchanged = old !== undefined && equal(value, old);
  return schema.rules.flatMap((rule): Cause[] => {
    if (rule.usesOldSelf && before === undefined && !rule.optionalOldSelf) return [];
    // What did not change is judged by rules about change only.
    if (unchanged && !rule.usesOldSelf) return [];
    const variables: Variables = { self, ...(before === undefined ? {} : { oldSelf: before }) };
    try {
      if (rule.holds(variables)) return [];
    } catch (error) {
      const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
      return [invalidField(path === '' ? '<nil>' : path, schema.type, `${why} evaluating rule: ${rule.message}`)];
    }
    return [failedRule(rule, value, { path, detail: rule.explain(variables) ?? rule.message })];
  });
}

function failedRule(rule: Rule, value: Json, where: { readonly path: string; readonly detail: string }): Cause {
  const { detail } = where;
  const place = where.path === '' ? rule.fieldPath.slice(1) : `${where.path}${rule.fieldPath}`;
  const field = place === '' ? '<nil>' : place;
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return forbiddenField(field, detail);
    case 'FieldValueRequired':
      return required(field, detail);
    case 'FieldValueDuplicate':
      return duplicate(field, value);
    default:
      // Objects and lists are not repeated in the message.
      if (typeof value === 'object') return { reason: rule.reason, message: `Invalid value: ${detail}`, field };
      return invalidField(field, value, detail);
  }
}
