/** The volume attributes that may change during a volume's life. Anything else in mutable_parameters is refused. */
import { limitMap } from './names.ts';
import { Refusal } from './status.ts';

// What a mock can have opinions on: nothing behind it gets faster, but right and wrong values differ.
const TIERS = ['bronze', 'silver', 'gold'];

const inRange = (low: number, high: number) => (value: string) =>
  /^[0-9]{1,9}$/.test(value) && Number(value) >= low && Number(value) <= high;

const RULES: Readonly<Record<string, { readonly expects: string; readonly accepts: (value: string) => boolean }>> = {
  iops: { expects: 'a whole number from 100 to 1000000', accepts: inRange(100, 1_000_000) },
  throughput: { expects: 'MiB per second, a whole number from 1 to 100000', accepts: inRange(1, 100_000) },
  tier: { expects: `one of ${TIERS.join(', ')}`, accepts: (value) => TIERS.includes(value) },
};

/** Refuses the whole map for one bad entry: a modification is applied wholly or not at all. */
export function requireMutable(parameters: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  limitMap(parameters, 'mutable_parameters');
  for (const [key, value] of Object.entries(parameters)) {
    const rule = Object.hasOwn(RULES, key) ? RULES[key] : undefined;
    if (rule === undefined)
      throw new Refusal('INVALID_ARGUMENT', `mutable parameter ${key} is unknown; known are ${Object.keys(RULES).join(', ')}`);
    if (!rule.accepts(value)) throw new Refusal('INVALID_ARGUMENT', `mutable parameter ${key} must be ${rule.expects}`);
  }
  return parameters;
}
