/** A structural schema as it was read, and the rules that stand in it. */
import type { Json } from '../json.ts';

/** One node of the tree. */
export interface Schema {
  /** Empty where only validations are stated (inside anyOf and the like), or where any value goes. */
  readonly type: string;
  readonly nullable: boolean;
  readonly intOrString: boolean;
  readonly preserveUnknown: boolean;
  readonly embeddedResource: boolean;
  readonly properties: ReadonlyMap<string, Schema>;
  readonly additional: Schema | undefined;
  readonly items: Schema | undefined;
  readonly required: readonly string[];
  readonly default: Json | undefined;
  readonly listType: string;
  readonly listMapKeys: readonly string[];
  readonly limits: Limits;
  readonly allOf: readonly Schema[];
  readonly anyOf: readonly Schema[];
  readonly oneOf: readonly Schema[];
  readonly not: Schema | undefined;
  readonly rules: readonly Rule[];
  /** True if there is a rule here or anywhere below. */
  readonly hasRules: boolean;
}

/** Bounds on a single value. Undefined, or empty for the format: no bound. */
export interface Limits {
  readonly enum: readonly Json[] | undefined;
  readonly format: string;
  readonly pattern: RegExp | undefined;
  readonly minLength: number | undefined;
  readonly maxLength: number | undefined;
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  readonly exclusiveMinimum: boolean;
  readonly exclusiveMaximum: boolean;
  readonly multipleOf: number | undefined;
  readonly minItems: number | undefined;
  readonly maxItems: number | undefined;
  readonly minProperties: number | undefined;
  readonly maxProperties: number | undefined;
}

/** A rule that compiled. Evaluating it changes nothing, so any number of objects may share it. */
export interface Rule {
  readonly message: string;
  readonly reason: string;
  /** Below the place of the rule, with its leading dot; empty for that place itself. */
  readonly fieldPath: string;
  readonly usesOldSelf: boolean;
  readonly optionalOldSelf: boolean;
  /** True if the value may stay. Throws for a rule that cannot be worked out. */
  readonly holds: (variables: Variables) => boolean;
  /** From messageExpression; undefined where there is none or it fails. */
  readonly explain: (variables: Variables) => string | undefined;
  /** A value of the object as the rule's variables want it. */
  readonly valueOf: (value: Json, schema: Schema) => unknown;
}

/** As CEL sees them; `oldSelf` is absent at creation. */
export interface Variables {
  readonly self: unknown;
  readonly oldSelf?: unknown;
}
