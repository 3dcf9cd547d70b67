/**
 * A structural schema, read once from a CRD into a tree that pruning, defaulting, validation and CEL walk.
 * What is wrong with the schema itself comes back as causes, for the refusal of the CRD.
 */
import type { JsonObject } from '../json.ts';
import { isObject, listAt, objectAt, stringAt } from '../json.ts';
import type { Cause } from '../status.ts';
import { forbiddenField, invalidField, required } from '../status.ts';
import type { RuleCompiler } from './cel.ts';
import type { Limits, Rule, Schema } from './schema-tree.ts';

/** The tree, as far as it could be read, and what was wrong. */
export interface SchemaReading {
  readonly schema: Schema;
  readonly causes: readonly Cause[];
}

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

/** `path` is where the schema stands in the CRD. */
export function readSchema(json: JsonObject, path: string, compiler: RuleCompiler): SchemaReading {
  const reader = new SchemaReader(compiler);
  const schema = reader.read(json, { path, structural: true });
  if (schema.type !== 'object') reader.causes.push(invalidField(`${path}.type`, schema.type, 'must be object at the root'));
  return { schema, causes: reader.causes };
}

interface Place {
  readonly path: string;
  /** False inside anyOf and the like, where types are not stated again. */
  readonly structural: boolean;
}

class SchemaReader {
  readonly causes: Cause[] = [];
  readonly #compiler: RuleCompiler;

  constructor(compiler: RuleCompiler) {
    this.#compiler = compiler;
  }

  read(json: JsonObject, place: Place): Schema {
    const { path } = place;
    const type = stringAt(json, 'type') ?? '';
    const intOrString = json['x-kubernetes-int-or-string'] === true;
    const preserveUnknown = json['x-kubernetes-preserve-unknown-fields'] === true;
    if (place.structural && type === '' && !intOrString && !preserveUnknown) {
      this.causes.push(required(`${path}.type`, 'must not be empty for specified object fields'));
    }
    if (type !== '' && !TYPES.includes(type)) this.causes.push(invalidField(`${path}.type`, type, 'not a type'));
    if (json.$ref !== undefined) this.causes.push(forbiddenField(`${path}.$ref`, '$ref is not supported'));
    const properties = new Map<string, Schema>();
    for (const [name, child] of Object.entries(objectAt(json, 'properties'))) {
      if (isObject(child)) properties.set(name, this.read(child, { ...place, path: `${path}.properties[${name}]` }));
    }
    const additional = isObject(json.additionalProperties)
      ? this.read(json.additionalProperties, { ...place, path: `${path}.additionalProperties` })
      : undefined;
    const items = isObject(json.items) ? this.read(json.items, { ...place, path: `${path}.items` }) : undefined;
    if (place.structural && type === 'array' && items === undefined) this.causes.push(required(`${path}.items`, 'must be specified'));
    const rules = this.#rules(json, path);
    const below = [...properties.values(), ...(additional === undefined ? [] : [additional]), ...(items === undefined ? [] : [items])];
    return {
      type,
      nullable: json.nullable === true,
      intOrString,
      // A bare `additionalProperties: true` keeps everything, too.
      preserveUnknown: preserveUnknown || json.additionalProperties === true,
      embeddedResource: json['x-kubernetes-embedded-resource'] === true,
      properties,
      additional,
      items,
      required: listAt(json, 'required').map(String),
      default: json.default,
      listType: stringAt(json, 'x-kubernetes-list-type') ?? 'atomic',
      listMapKeys: listAt(json, 'x-kubernetes-list-map-keys').map(String),
      limits: this.#limits(json, path),
      allOf: this.#branches(json, 'allOf', path),
      anyOf: this.#branches(json, 'anyOf', path),
      oneOf: this.#branches(json, 'oneOf', path),
      not: isObject(json.not) ? this.read(json.not, { path: `${path}.not`, structural: false }) : undefined,
      rules,
      hasRules: rules.length > 0 || below.some((schema) => schema.hasRules),
    };
  }

  #branches(json: JsonObject, key: string, path: string): Schema[] {
    return listAt(json, key)
      .filter(isObject)
      .map((branch, index) => this.read(branch, { path: `${path}.${key}[${index}]`, structural: false }));
  }

  #rules(json: JsonObject, path: string): Rule[] {
    return listAt(json, 'x-kubernetes-validations')
      .filter(isObject)
      .flatMap((rule, index) => {
        const compiled = this.#compiler.compile(rule);
        if (typeof compiled !== 'string') return [compiled];
        this.causes.push(invalidField(`${path}.x-kubernetes-validations[${index}].rule`, rule.rule, `compilation failed: ${compiled}`));
        return [];
      });
  }

  #limits(json: JsonObject, path: string): Limits {
    const number = (key: string): number | undefined => (typeof json[key] === 'number' ? json[key] : undefined);
    let pattern: RegExp | undefined;
    const source = stringAt(json, 'pattern') ?? '';
    try {
      if (source !== '') pattern = new RegExp(source);
    } catch {
      this.causes.push(invalidField(`${path}.pattern`, source, 'must be a valid regular expression'));
    }
    return {
      enum: Array.isArray(json.enum) ? json.enum : undefined,
      format: stringAt(json, 'format') ?? '',
      pattern,
      minLength: number('minLength'),
      maxLength: number('maxLength'),
      minimum: number('minimum'),
      maximum: number('maximum'),
      exclusiveMinimum: json.exclusiveMinimum === true,
      exclusiveMaximum: json.exclusiveMaximum === true,
      multipleOf: number('multipleOf'),
      minItems: number('minItems'),
      maxItems: number('maxItems'),
      minProperties: number('minProperties'),
      maxProperties: number('maxProperties'),
    };
  }
}
