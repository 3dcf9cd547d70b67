/** What a layer holds, and the entries of its archive. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import type { Entry } from './tar.ts';

export interface Layer {
  /** In the history of the image. */
  readonly title: string;
  /** Path in the image → file or folder here. */
  readonly files?: Readonly<Record<string, string>>;
  /** Path in the image → what it points to. */
  readonly links?: Readonly<Record<string, string>>;
  /** Path in the image → what a file there says; it can be run. */
  readonly texts?: Readonly<Record<string, string>>;
  /** Path in the image → mode of an empty folder. */
  readonly folders?: Readonly<Record<string, number>>;
}

/** What every image has: a folder that all may write to. */
export const TEMPORARY_FOLDER = { '/tmp': 0o1777 };

const SEEN_BY_ALL = 0o755;
const READ_BY_ALL = 0o644;

/** Sorted by path, each after the folder that it is in. What may be run here may be run there; otherwise modes here do not matter. */
export function entriesOf({ files = {}, links = {}, texts = {}, folders = {} }: Layer): readonly Entry[] {
  const entries: Entry[] = [
    ...Object.entries(folders).map(([path, mode]) => ({ kind: 'folder', path, mode }) as const),
    ...Object.entries(files).flatMap(([path, from]) => filesBelow(path, from)),
    ...Object.entries(texts).map(([path, text]) => ({ kind: 'file', path, mode: SEEN_BY_ALL, read: () => Buffer.from(text) }) as const),
    ...Object.entries(links).map(([path, target]) => ({ kind: 'link', path, target }) as const),
  ];
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  for (const { path } of entries)
    for (let folder = dirname(path); folder !== '/' && !byPath.has(folder); folder = dirname(folder))
      byPath.set(folder, { kind: 'folder', path: folder, mode: SEEN_BY_ALL });
  const paths = [...byPath.keys()].toSorted();
  return paths.flatMap((path) => {
    const entry = byPath.get(path);
    return entry === undefined ? [] : [{ ...entry, path: path.slice(1) }];
  });
}

function filesBelow(path: string, from: string): readonly Entry[] {
  const info = statSync(from);
  if (info.isDirectory()) return readdirSync(from).flatMap((name) => filesBelow(join(path, name), join(from, name)));
  return [{ kind: 'file', path, mode: (info.mode & 0o100) === 0 ? READ_BY_ALL : SEEN_BY_ALL, read: () => readFileSync(from) }];
}
