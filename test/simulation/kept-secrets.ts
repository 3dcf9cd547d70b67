/**
 * Values that nobody but the driver may learn. Whatever leaves a program (a log line, the body or path of a
 * write) and whatever the trace says is searched for them, in every form that a text may give them.
 */
import type { InvariantName } from './invariants.ts';

export class KeptSecrets {
  /** To the value that each is of; undefined: of a part of one. */
  private readonly forms = new Map<string, string | undefined>();
  private readonly told = new Set<string>();
  private readonly fail: (invariant: InvariantName, message: string) => void;

  constructor(fail: (invariant: InvariantName, message: string) => void) {
    this.fail = fail;
  }

  keep(value: string): void {
    for (const form of formsOf(value)) this.forms.set(form, value);
  }

  /** What is left of a value where only a shorter one, with which it begins, was struck out. */
  keepTail(tail: string): void {
    for (const form of formsOf(tail)) this.forms.set(form, undefined);
  }

  /** Those that occur in what a driver was sent. */
  within(bytes: Uint8Array): readonly string[] {
    if (this.forms.size === 0) return [];
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return [...new Set(this.forms.values())].flatMap((value) => (value !== undefined && text.includes(value) ? [value] : []));
  }

  /** Told once for each place. */
  check(place: string, text: string | Uint8Array | undefined): void {
    if (this.forms.size === 0 || text === undefined || this.told.has(place)) return;
    const searched = typeof text === 'string' ? text : Buffer.from(text.buffer, text.byteOffset, text.byteLength);
    for (const form of this.forms.keys()) {
      const at = searched.indexOf(form);
      if (at < 0) continue;
      this.told.add(place);
      const around = searched.slice(Math.max(0, at - 60), at).toString();
      this.fail('secrets-stay-secret', `${place} holds a secret value after ${JSON.stringify(around)}`);
      return;
    }
  }
}

/** As it is, and as Base64, a URL and JSON write it. */
export function formsOf(value: string): readonly string[] {
  return [value, Buffer.from(value).toString('base64'), encodeURIComponent(value), JSON.stringify(value).slice(1, -1)];
}
