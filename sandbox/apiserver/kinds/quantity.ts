/**
 * Quantities as the server keeps them: `1024Mi` is stored as `1Gi`, the number 1073741824 as text, and
 * sizes compare by value. Values are counted in billionths, the smallest step a quantity has.
 */
import type { Json, JsonObject } from '../json.ts';
import { isObject } from '../json.ts';
import { badRequest } from '../status.ts';

const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d+|)$/;
const SCALE = 10n ** 9n;
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];

interface Parsed {
  /** In billionths. */
  readonly value: bigint;
  readonly style: 'binary' | 'decimal' | 'exponent';
}

function divideUp(value: bigint, by: bigint): bigint {
  return value % by === 0n ? value / by : value / by + (value > 0n ? 1n : 0n);
}

function parse(text: string): Parsed | undefined {
  const [, sign, whole = '', fraction = '', suffix = ''] = PATTERN.exec(text.trim()) ?? [];
  if (sign === undefined || whole + fraction === '') return undefined;
  const digits = BigInt(`${sign === '-' ? '-' : ''}${whole}${fraction}`) * SCALE;
  const shift = 10n ** BigInt(fraction.length);
  if (BINARY.includes(suffix) && suffix !== '') {
    return { value: divideUp(digits * 1024n ** BigInt(BINARY.indexOf(suffix)), shift), style: 'binary' };
  }
  // A lone E is exa.
  const style = /^[eE][+-]?\d/.test(suffix) ? 'exponent' : 'decimal';
  const exponent = style === 'exponent' ? Number(suffix.slice(1)) : (DECIMAL.indexOf(suffix) - 3) * 3;
  const power = 10n ** BigInt(Math.abs(exponent));
  return { value: exponent < 0 ? divideUp(digits, shift * power) : divideUp(digits * power, shift), style };
}

function print({ value, style }: Parsed): string {
  if (value === 0n) return '0';
  if (style === 'binary' && value % SCALE === 0n && (value <= -1024n * SCALE || value >= 1024n * SCALE)) {
    let rest = value / SCALE;
    let power = 0;
    while (rest % 1024n === 0n && power < BINARY.length - 1) {
      rest /= 1024n;
      power += 1;
    }
    return `${rest}${BINARY[power]}`;
  }
  let rest = value;
  let power = 0;
  while (rest % 1000n === 0n && power < DECIMAL.length - 1) {
    rest /= 1000n;
    power += 1;
  }
  const exponent = (power - 3) * 3;
  if (style === 'exponent') return exponent === 0 ? String(rest) : `${rest}e${exponent}`;
  return `${rest}${DECIMAL[power]}`;
}

/** In billionths, for comparing; undefined for what is no quantity. */
export function quantityValue(value: Json | undefined): bigint | undefined {
  if (typeof value === 'bigint') return value * SCALE;
  return typeof value === 'string' || typeof value === 'number' ? parse(String(value))?.value : undefined;
}

/** As the server prints it; undefined for what is no quantity. */
function canonicalQuantity(value: Json | undefined): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  const parsed = parse(String(value));
  return parsed === undefined ? undefined : print(parsed);
}

function decoded(value: Json): string {
  const canonical = canonicalQuantity(value);
  if (canonical === undefined)
    throw badRequest("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  return canonical;
}

/** Rewrites the quantities of a map (`capacity`, `requests`) in place. Throws a 400 for what is none. */
export function canonicalizeQuantities(map: Json | undefined): void {
  if (!isObject(map)) return;
  for (const [name, value] of Object.entries(map)) map[name] = decoded(value);
}

/** The same for a single field. */
export function canonicalizeField(object: JsonObject, field: string): void {
  if (object[field] !== undefined && object[field] !== null) object[field] = decoded(object[field]);
}
