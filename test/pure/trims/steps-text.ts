/** Steps as text, so that two of them can be compared whatever they hold. */
export function textOf(steps: unknown): string {
  return JSON.stringify(steps, (_, value: unknown) => {
    if (typeof value === 'bigint') return String(value);
    return value instanceof Set ? [...(value as Set<unknown>)] : value;
  });
}
