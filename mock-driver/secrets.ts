/** `--require-secrets`: every call that may carry secrets must carry the right ones. */
import { timingSafeEqual } from 'node:crypto';
import { Refusal } from './model/status.ts';
import { map, type Message } from './wire.ts';

/** Pairs that must be there. Empty: any secret will do, but there must be one. */
export type SecretRule = Readonly<Record<string, string>>;

export function checkSecrets(request: Message, rule: SecretRule): void {
  const given = map(request, 'secrets');
  if (Object.keys(given).length === 0) throw new Refusal('UNAUTHENTICATED', 'secrets are missing');
  for (const [key, value] of Object.entries(rule)) {
    // Neither the value given nor the one expected is ever said.
    if (!Object.hasOwn(given, key) || !equal(given[key] ?? '', value))
      throw new Refusal('UNAUTHENTICATED', `secret ${key} is wrong or missing`);
  }
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
