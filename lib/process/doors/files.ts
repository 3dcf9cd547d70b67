import { access, readFile, writeFile } from 'node:fs/promises';
import type { Files } from '../../doors/files.ts';

export function openFiles(): Files {
  return {
    read: (path) => readFile(path),
    write: (path, content) => writeFile(path, content),
    exists: (path) =>
      access(path).then(
        () => true,
        () => false,
      ),
  };
}
