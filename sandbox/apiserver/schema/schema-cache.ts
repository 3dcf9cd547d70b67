/**
 * Schemas by their text. Reading one compiles its rules, which costs more than anything else a sandbox
 * does; the outcome never changes, so sandboxes that live one after another may share a cache.
 */
import type { JsonObject } from '../json.ts';
import { printJson } from '../json.ts';
import { RuleCompiler } from './cel.ts';
import type { SchemaReading } from './schema.ts';
import { readSchema } from './schema.ts';

/** Grows with the number of different schemas, never with the number of reads. */
export class SchemaCache {
  readonly #compiler = new RuleCompiler();
  readonly #readings = new Map<string, SchemaReading>();

  /** Fields of the causes are relative to the schema: they start with a dot. */
  read(json: JsonObject): SchemaReading {
    const text = printJson(json);
    const known = this.#readings.get(text) ?? readSchema(json, '', this.#compiler);
    this.#readings.set(text, known);
    return known;
  }
}
