/**
 * Kubernetes quantities, exactly. Source: apimachinery's resource.Quantity: a decimal number with a
 * binary (Ki … Ei) or decimal (n u m k M G T P E) suffix or an exponent; finer than a billionth is
 * rounded away from zero; capped at int64.
 */
import type { Quantity } from './objects.ts';

const SYNTAX = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE])|[eE]([+-]?\d+))?$/;
const NANOS = 1_000_000_000n;
const MAX_INT64 = 2n ** 63n - 1n;
const BINARY: Readonly<Record<string, bigint>> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n };
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY_NAMES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
/** Beyond this no int64 and no billionth is left, so that a hostile exponent costs nothing. */
const MAX_EXPONENT = 64;

/** Billionths. Undefined: not a quantity. */
export function parseQuantity(quantity: Quantity): bigint | undefined {
  const match = SYNTAX.exec(String(quantity));
  if (match === null) return undefined;
  const [, sign, digits = '', suffix = '', exponentText] = match;
  const [whole = '', fraction = ''] = digits.split('.');
  const mantissa = BigInt(`${whole}${fraction}` || '0');
  const shift = BINARY[suffix] ?? 0n;
  const wanted = exponentText === undefined ? (DECIMAL[suffix] ?? 0) : Number(exponentText);
  const exponent = Math.max(-MAX_EXPONENT - fraction.length, Math.min(MAX_EXPONENT, wanted)) - fraction.length + 9;
  const scaled = mantissa << shift;
  const nanos = exponent >= 0 ? scaled * 10n ** BigInt(exponent) : ceilDivide(scaled, 10n ** BigInt(-exponent));
  const capped = nanos > MAX_INT64 * NANOS ? MAX_INT64 * NANOS : nanos;
  return sign === '-' ? -capped : capped;
}

/** Whole bytes, a part of one counting as one (Go: Quantity.Value). Undefined: not a quantity. */
export function toBytesRoundedUp(quantity: Quantity): bigint | undefined {
  const nanos = parseQuantity(quantity);
  if (nanos === undefined) return undefined;
  return nanos < 0n ? -ceilDivide(-nanos, NANOS) : ceilDivide(nanos, NANOS);
}

/**
 * As Go prints `resource.NewQuantity(bytes, BinarySI)`: the largest suffix that divides exactly. Below
 * 1024 Go falls back to decimal suffixes, so 1000 prints as `1k`.
 */
export function formatBinarySI(bytes: bigint | number): string {
  let amount = BigInt(bytes);
  if (amount > -1024n && amount < 1024n) return amount === 1000n || amount === -1000n ? `${amount / 1000n}k` : amount.toString();
  let power = 0;
  while (amount % 1024n === 0n && power < BINARY_NAMES.length - 1) {
    amount /= 1024n;
    power += 1;
  }
  return `${amount}${BINARY_NAMES[power]}`;
}

/** Both operands positive or zero. */
function ceilDivide(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}
