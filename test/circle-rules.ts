/**
 * Files that import each other in a circle, however long, can only be read and moved together. Imports of types count: a
 * type that two files need belongs in a third.
 */
import { dirname, join, normalize } from 'node:path/posix';
import { importsOf, type Sources } from './architecture-rules.ts';

/** One sentence a circle, `a.ts → b.ts → a.ts`; empty when there is none. Every import that closes a circle is told once. */
export function findCircles(sources: Sources): string[] {
  const circles: string[] = [];
  const done = new Set<string>();
  const walk = (path: string, way: readonly string[]): void => {
    const start = way.indexOf(path);
    if (start !== -1) circles.push([...way.slice(start), path].join(' → '));
    if (start !== -1 || done.has(path)) return;
    for (const target of targetsOf(path, sources)) walk(target, [...way, path]);
    done.add(path);
  };
  for (const path of sources.keys()) walk(path, []);
  return circles;
}

function targetsOf(path: string, sources: Sources): readonly string[] {
  const specifiers = importsOf(sources.get(path) ?? '').map(({ specifier }) => specifier);
  const targets = specifiers.filter((each) => each.startsWith('.')).map((each) => normalize(join(dirname(path), each)));
  return [...new Set(targets)].filter((target) => sources.has(target));
}
