/**
 * Values that nobody but the driver may learn. Whatever leaves a program (a log line, the body or path of a
 * write) and whatever the trace says is searched for them, plain and as Base64.
 */
import type { InvariantName } from './invariants.ts';

export class KeptSecrets {
  private readonly forms = new Map<string, string>();
  private readonly told = new Set<string>();
  private readonly fail: (invariant: InvariantName, message: string) => void;

  constructor(fail: (invariant: InvariantName, message: string) => void) {
    this.fail = fail;
  }

  keep(value: string): void {
    this.forms.set(value, value);
    this.forms.set(Buffer.from(value).toString('base64'), value);
  }

  /** Those that occur in what a driver was sent. */
  within(bytes: Uint8Array): readonly string[] {
    if (this.forms.size === 0) return [];
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return [...new Set(this.forms.values())].filter((value) => text.includes(value));
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
