/**
 * One flag's text → its value, by the rules of Go's strconv and of the value types that the peers use.
 * A refusal says what was wrong with which flag and what would be right.
 */
import { API_SERVER_GATES } from './api-server-gates.ts';
import type { Flag, FlagType } from './flag.ts';
import { formatDuration, parseDuration } from './go-duration.ts';

/** Feature gates, resolved: all that exist, and whether the command line named them. */
export type Gates = ReadonlyMap<string, { readonly enabled: boolean; readonly explicit: boolean }>;
export type Labels = Readonly<Record<string, string>>;

export type ValueOf<T extends FlagType> = T extends 'string' | 'quantity'
  ? string
  : T extends 'int' | 'uint' | 'float' | 'duration'
    ? number
    : T extends 'bool'
      ? boolean
      : T extends 'gates'
        ? Gates
        : Labels;

export type FlagValue = string | number | boolean | Gates | Labels;

/** `instead`: why the value is not the one that was given. */
export type ReadValue =
  | { readonly ok: true; readonly value: FlagValue; readonly instead?: string }
  | { readonly ok: false; readonly fault: string };

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);
const QUANTITY = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/;
const LABEL_KEY = /^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;

export function readValue(flag: Flag, text: string): ReadValue {
  const value = read(flag, text);
  if (value instanceof Refusal) return { ok: false, fault: `--${flag.name}=${quote(text)}: ${value.message}` };
  if (typeof value === 'number') {
    const { min, below } = flag;
    if (min !== undefined && value < min && below !== undefined) return inPlace(flag, min, below);
    const limit = outside(flag, value);
    if (limit !== undefined) return { ok: false, fault: `--${flag.name}=${quote(text)}: must be ${limit}` };
  }
  return { ok: true, value };
}

function inPlace(flag: Flag, min: number, below: 'default' | 'min'): ReadValue {
  const [value, text] = below === 'min' ? [min, shown(flag, min)] : [read(flag, flag.default), flag.default];
  if (value instanceof Refusal) return { ok: false, fault: value.message };
  return { ok: true, value, instead: `it is less than ${shown(flag, min)}, and ${text} is taken` };
}

function outside(flag: Flag, value: number): string | undefined {
  const { min, max } = flag;
  if (min !== undefined && value < min) return `at least ${shown(flag, min)}`;
  return max !== undefined && value > max ? `at most ${shown(flag, max)}` : undefined;
}

function shown({ type }: Flag, limit: number): string {
  return type === 'duration' ? formatDuration(limit) : String(limit);
}

/** Why a text is no value, with the remedy. Never thrown. */
class Refusal {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

function read(flag: Flag, text: string): FlagValue | Refusal {
  switch (flag.type) {
    case 'string':
      return flag.choices === undefined || flag.choices.includes(text)
        ? text
        : new Refusal(`must be one of ${flag.choices.map(quote).join(', ')}`);
    case 'int':
      return integer(text) ?? new Refusal('not a whole number, write for example 10');
    case 'uint': {
      const number = integer(text);
      return number !== undefined && number >= 0 && !/^[+-]/.test(text)
        ? number
        : new Refusal('not a whole number of at least 0, write for example 10');
    }
    case 'float':
      return float(text) ?? new Refusal('not a number, write for example 5 or 0.5');
    case 'bool':
      return TRUE.has(text) ? true : FALSE.has(text) ? false : new Refusal('not a truth value, write true or false');
    case 'duration':
      return parseDuration(text) ?? new Refusal('not a duration, write a number with a unit, for example 30s, 1m30s or 500ms');
    case 'quantity':
      return QUANTITY.test(text) ? text : new Refusal('not a quantity, write for example 0, 512Ki or 1M');
    case 'gates':
      return gates(flag.gates ?? {}, text);
    case 'labels':
      return labels(text);
    default:
      return flag.type satisfies never;
  }
}

const INTEGER = /^([+-]?)(0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)$/;

/** As strconv.ParseInt with base 0: prefixes 0x, 0o, 0b and 0, underscores between digits. */
function integer(text: string): number | undefined {
  const [, sign, body] = INTEGER.exec(text) ?? [];
  if (body === undefined) return undefined;
  const digits = body.replaceAll('_', '');
  const number = Number(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  if (!Number.isSafeInteger(number)) return undefined;
  return sign === '-' ? 0 - number : number;
}

function float(text: string): number | undefined {
  if (/^[+-]?inf(?:inity)?$/i.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
  const [, sign, whole = '', part = '', exponent] = HEX_FLOAT.exec(text) ?? [];
  if (exponent === undefined || whole + part === '') return undefined;
  const mantissa = Number(`0x${(whole + part).replaceAll('_', '')}`) / 16 ** part.replaceAll('_', '').length;
  return (sign === '-' ? -1 : 1) * mantissa * 2 ** Number(exponent);
}

/** Go writes the exponent, a power of two, in decimal: 0x1.8p3 is 12. */
const HEX_FLOAT = /^([+-]?)0[xX]((?:_?[0-9a-fA-F])*)\.?((?:[0-9a-fA-F](?:_?[0-9a-fA-F])*)?)[pP]([+-]?\d+)$/;

/**
 * `A=true,B=false`. Spaces around names and values are let pass, AllAlpha and AllBeta set what is not named, and gates of API
 * servers are taken, as component-base does.
 */
function gates(known: NonNullable<Flag['gates']>, text: string): Gates | Refusal {
  const found = new Map(Object.entries(known).map(([name, gate]) => [name, { enabled: gate.default, explicit: false }]));
  const ofStages = new Map<string, boolean>();
  for (const part of text.split(',').map((word) => word.trim())) {
    if (part === '') continue;
    const [name = '', value] = part.split('=', 2).map((word) => word.trim());
    if (value === undefined || !(TRUE.has(value) || FALSE.has(value)))
      return new Refusal(`${quote(part)} is no gate setting, write ${name || 'NAME'}=true or ${name || 'NAME'}=false`);
    if (name in STAGES) {
      ofStages.set(STAGES[name] ?? '', TRUE.has(value));
      continue;
    }
    if (API_SERVER_GATES.has(name)) continue;
    if (!found.has(name))
      return new Refusal(`there is no feature gate ${quote(name)}, known are ${Object.keys(known).join(', ') || 'none'}`);
    found.set(name, { enabled: TRUE.has(value), explicit: true });
  }
  for (const [name, gate] of Object.entries(known)) {
    const enabled = ofStages.get(gate.stage);
    if (enabled !== undefined && found.get(name)?.explicit === false) found.set(name, { enabled, explicit: true });
  }
  return found;
}

const STAGES: Readonly<Record<string, string>> = { AllAlpha: 'ALPHA', AllBeta: 'BETA' };

/** `k:v,k:v`, the peers' way to write lease labels; `k=v` is let pass too. */
function labels(text: string): Labels | Refusal {
  const found: Record<string, string> = {};
  for (const part of text.split(',').map((word) => word.trim())) {
    if (part === '') continue;
    const [, key = '', value = ''] = /^([^:=]*)[:=](.*)$/.exec(part) ?? [];
    if (!isLabelKey(key) || !LABEL_VALUE.test(value) || value.length > 63)
      return new Refusal(`${quote(part)} is no label, write key:value,key:value`);
    found[key] = value;
  }
  return found;
}

/** Its length is left to the API server. */
export function isLabelKey(text: string): boolean {
  return LABEL_KEY.test(text);
}

function quote(text: string): string {
  return JSON.stringify(text);
}
