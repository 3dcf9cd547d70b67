/** When audits first saw each leak: the only age that there is of what a driver gives no date. One file for each driver. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { ConfigError } from '../../lib/errors/config-error.ts';
import { errorText } from '../../lib/errors/error-text.ts';
import type { Finding } from './causes.ts';

interface FileContent {
  readonly driver: string;
  /** `volume ID` or `snapshot ID` → milliseconds since the epoch. */
  readonly firstSeen: Readonly<Record<string, number>>;
}

/** Rejects with ConfigError for a file of another driver or of something else. A file that is not there is empty. */
export async function readFirstSeen(path: string, driver: string): Promise<ReadonlyMap<string, number>> {
  if (path === '') return new Map();
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Map();
    throw new ConfigError(`--first-seen=${path} cannot be read: ${errorText(error)}`, { cause: error });
  }
  const content = parse(text);
  if (content === undefined) throw new ConfigError(`--first-seen=${path} is no file of an audit: name another one`);
  if (content.driver !== driver)
    throw new ConfigError(`--first-seen=${path} is of the driver ${content.driver}: name a file for ${driver}`);
  return new Map(Object.entries(content.firstSeen).filter(([, ms]) => typeof ms === 'number'));
}

function parse(text: string): FileContent | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('driver' in value) || !('firstSeen' in value)) return undefined;
    return typeof value.driver === 'string' && typeof value.firstSeen === 'object' ? (value as FileContent) : undefined;
  } catch {
    return undefined;
  }
}

/** What is seen now, with the older of its times; what is gone is forgotten. */
export async function writeFirstSeen(
  path: string,
  driver: string,
  {
    findings,
    known,
    nowMs,
  }: { readonly findings: readonly Finding[]; readonly known: ReadonlyMap<string, number>; readonly nowMs: number },
): Promise<void> {
  if (path === '') return;
  const here = findings.filter(({ object }) => object === undefined).map(({ kind, id }) => `${kind} ${id}`);
  const firstSeen = Object.fromEntries(here.map((key) => [key, known.get(key) ?? nowMs]));
  try {
    await writeFile(`${path}.tmp`, `${JSON.stringify({ driver, firstSeen })}\n`, { mode: 0o600 });
    await rename(`${path}.tmp`, path);
  } catch (error) {
    throw new ConfigError(`--first-seen=${path} cannot be written: ${errorText(error)}`, { cause: error });
  }
}
