/**
 * x-kubernetes-validations: rules over `self`, and `oldSelf` for rules about change. Values go to CEL by
 * their schema: integers as bigint, date-times as timestamps, field names escaped as Kubernetes does.
 */
import { Environment } from '@marcbachmann/cel-js';
import type { Json, JsonObject } from '../json.ts';
import { isObject, stringAt } from '../json.ts';
import type { Rule, Schema, Variables } from './schema-tree.ts';

type Program = (variables: Record<string, unknown>) => unknown;
type Comparable = bigint | number | string;

/** Words that cannot be field names in CEL. */
const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);

function baseEnvironment(): Environment {
  return new Environment({ homogeneousAggregateLiterals: false, enableOptionalTypes: true });
}

/** `self` and `oldSelf`, and the functions on lists and strings that Kubernetes adds to CEL. */
function ruleEnvironment(oldSelf: 'dyn' | 'optional'): Environment {
  const sorted = (list: readonly Comparable[]): boolean =>
    list.every((item, index) => index === 0 || (list[index - 1] as Comparable) <= item);
  return baseEnvironment()
    .registerVariable('self', 'dyn')
    .registerVariable('oldSelf', oldSelf)
    .registerFunction('list.isSorted(): bool', sorted)
    .registerFunction('list.sum(): dyn', (list: readonly bigint[]) => list.reduce((sum, item) => sum + item, 0n))
    .registerFunction('list.min(): dyn', (list: readonly Comparable[]) => list.reduce((least, item) => (item < least ? item : least)))
    .registerFunction('list.max(): dyn', (list: readonly Comparable[]) => list.reduce((most, item) => (item > most ? item : most)))
    .registerFunction('list.indexOf(dyn): int', (list: readonly unknown[], item: unknown) => BigInt(list.indexOf(item)))
    .registerFunction('string.find(string): string', (text: string, pattern: string) => new RegExp(pattern).exec(text)?.[0] ?? '')
    .registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) => text.replaceAll(from, to));
}

/** Compiles rules. One for all schemas: environments are dear to make and never change afterwards. */
export class RuleCompiler {
  readonly #environments = new Map<'dyn' | 'optional', Environment>();
  readonly #some = baseEnvironment().registerVariable('value', 'dyn').parse('optional.of(value)') as Program;
  readonly #none = baseEnvironment().parse('optional.none()') as Program;
  readonly #duration = baseEnvironment().registerVariable('text', 'string').parse('duration(text)') as Program;

  /** The rule ready to run, or why it is none. */
  compile(json: JsonObject): Rule | string {
    const text = stringAt(json, 'rule') ?? '';
    const optional = json.optionalOldSelf === true;
    const program = this.#program(text, optional);
    if (typeof program === 'string') return program;
    const expression = stringAt(json, 'messageExpression') ?? '';
    const messageProgram = expression === '' ? undefined : this.#program(expression, optional);
    if (typeof messageProgram === 'string') return messageProgram;
    const message = stringAt(json, 'message') ?? '';
    const context = ({ self, oldSelf }: Variables): Record<string, unknown> => {
      if (!optional) return oldSelf === undefined ? { self } : { self, oldSelf };
      return { self, oldSelf: oldSelf === undefined ? this.#none({}) : this.#some({ value: oldSelf }) };
    };
    return {
      message: message === '' ? `failed rule: ${text.trim()}` : message,
      reason: stringAt(json, 'reason') ?? 'FieldValueInvalid',
      fieldPath: stringAt(json, 'fieldPath') ?? '',
      usesOldSelf: /\boldSelf\b/.test(text),
      optionalOldSelf: optional,
      holds: (variables) => program(context(variables)) === true,
      explain(variables) {
        if (messageProgram === undefined) return undefined;
        try {
          const said = messageProgram(context(variables));
          return typeof said === 'string' && said.trim() !== '' ? said : undefined;
        } catch {
          return undefined;
        }
      },
      valueOf: (value, schema) => celValue(value, schema, (duration) => this.#duration({ text: duration })),
    };
  }

  #program(text: string, optional: boolean): Program | string {
    const kind = optional ? 'optional' : 'dyn';
    const environment = this.#environments.get(kind) ?? ruleEnvironment(kind);
    this.#environments.set(kind, environment);
    try {
      const program = environment.parse(text);
      const { valid, error } = program.check();
      return valid ? (program as Program) : (error?.message ?? 'does not type-check');
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}

/** `namespace` → `__namespace__`, `a-b` → `a__dash__b`, as in rules. */
export function escapeField(name: string): string {
  if (RESERVED.has(name)) return `__${name}__`;
  return name.replace(/__|[./-]/g, (part) => {
    switch (part) {
      case '__':
        return '__underscores__';
      case '.':
        return '__dot__';
      case '/':
        return '__slash__';
      default:
        return '__dash__';
    }
  });
}

type ToDuration = (text: string) => unknown;

/** A value as CEL takes it. Fields that the schema does not name are not seen by rules. */
function celValue(value: Json | undefined, schema: Schema, toDuration: ToDuration): unknown {
  if (value === undefined || value === null) return null;
  const { items } = schema;
  if (Array.isArray(value)) return value.map((item) => (items === undefined ? plainValue(item) : celValue(item, items, toDuration)));
  if (isObject(value)) return celObject(value, schema, toDuration);
  if (typeof value === 'number' || typeof value === 'bigint') {
    return schema.type === 'integer' || schema.intOrString ? BigInt(value) : Number(value);
  }
  if (typeof value !== 'string' || schema.type !== 'string') return value;
  const { format } = schema.limits;
  if (format === 'date-time' || format === 'date') return new Date(value);
  return format === 'duration' ? toDuration(value) : value;
}

function celObject(value: JsonObject, schema: Schema, toDuration: ToDuration): Record<string, unknown> {
  const seen: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const child = schema.properties.get(key);
    // Of an object's metadata, rules see the name and nothing else.
    if (key === 'metadata' && isObject(item) && (child === undefined || child.properties.size === 0)) {
      seen.metadata = { name: item.name ?? '', ...(item.generateName === undefined ? {} : { generateName: item.generateName }) };
    } else if (child !== undefined) seen[escapeField(key)] = celValue(item, child, toDuration);
    else if (schema.additional !== undefined) seen[key] = celValue(item, schema.additional, toDuration);
    else if (schema.preserveUnknown && schema.properties.size === 0) seen[key] = plainValue(item);
  }
  return seen;
}

/** Without a schema: integers as integers. */
function plainValue(value: Json): unknown {
  if (Array.isArray(value)) return value.map(plainValue);
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainValue(item)]));
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value;
}
