import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { repositoryRoot } from '../../harness/repository.ts';
import { killers } from '../verify/planted-tests.ts';

test('the test that must find a planted bug is there under its whole name', async () => {
  const root = repositoryRoot();
  const named = Object.values(killers());
  const folder = mkdtempSync(join(tmpdir(), 'planted-'));
  try {
    const list = join(folder, 'list.json');
    const words = ['list', '--project=pure', '--project=component', `--json=${list}`, ...new Set(named.map(({ file }) => file))];
    await promisify(execFile)(join(root, 'node_modules/.bin/vitest'), words, { cwd: root });
    const listed = JSON.parse(readFileSync(list, 'utf8')) as readonly { readonly file: string; readonly name: string }[];
    const present = new Set(listed.map(({ file, name }) => `${relative(root, file)}: ${name.replaceAll(' > ', ' ')}`));
    expect(named.map(({ file, test: name }) => `${file}: ${name}`).filter((each) => !present.has(each))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
