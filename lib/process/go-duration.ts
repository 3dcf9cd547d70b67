/** Durations as Go writes and reads them (`1h2m3.5s`); in memory they are milliseconds. */

const UNIT_MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds, or undefined where Go's time.ParseDuration refuses: no unit, an unknown unit, nothing at all. */
export function parseDuration(text: string): number | undefined {
  const [, sign, rest] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === undefined) return undefined;
  if (rest === '0') return 0;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(rest)) return undefined;
  let total = 0;
  for (const [, amount, unit] of rest.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g))
    total += Number(amount) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
  return sign === '-' ? -total : total;
}

/** As Go's Duration.String: `1h0m0s`, `1m30s`, `1.5s`, `100ms`, `0s`. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return '0s';
  const sign = durationMs < 0 ? '-' : '';
  const ms = Math.abs(durationMs);
  if (ms < 1) return ms < 1e-3 ? `${sign}${round(ms * 1e6)}ns` : `${sign}${round(ms * 1e3)}µs`;
  if (ms < 1000) return `${sign}${round(ms)}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor(ms / 60_000) % 60;
  const seconds = `${round((ms % 60_000) / 1000)}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}

/** Nanoseconds are the finest that Go knows; more digits are noise of the binary fraction. */
function round(value: number): string {
  return String(Number(value.toFixed(9)));
}
