/** The fingerprint of what an effect depends on (see `Effect.inputs` of lib/controller/step.ts). */
export function inputsOf(...parts: readonly unknown[]): string {
  return JSON.stringify(parts, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)) ?? '';
}
