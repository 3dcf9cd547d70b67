import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { entriesOf } from './layer.ts';
import type { Entry } from './tar.ts';

let here = '';

beforeAll(() => {
  here = mkdtempSync(join(tmpdir(), 'csi-layer-'));
  mkdirSync(join(here, 'folder/inner'), { recursive: true });
  writeFileSync(join(here, 'folder/b'), 'of b');
  writeFileSync(join(here, 'folder/inner/a'), 'of a');
  chmodSync(join(here, 'folder/b'), 0o700);
  chmodSync(join(here, 'folder/inner/a'), 0o600);
});

afterAll(() => rmSync(here, { recursive: true }));

const shown = (entry: Entry): string => {
  if (entry.kind === 'link') return `${entry.path} -> ${entry.target}`;
  const text = entry.kind === 'file' ? ` ${Buffer.from(entry.read()).toString()}` : '';
  return `${entry.path} ${entry.mode.toString(8)}${text}`;
};

test('a layer is sorted, has each folder above what is in it, and modes that do not depend on those here', () => {
  const layer = {
    title: 'all kinds',
    files: { '/opt/all': join(here, 'folder') },
    links: { '/b': '/opt/all/b' },
    texts: { '/opt/say': '#!/bin/sh\n' },
    folders: { '/tmp': 0o1777 },
  };
  expect(entriesOf(layer).map(shown)).toEqual([
    'b -> /opt/all/b',
    'opt 755',
    'opt/all 755',
    'opt/all/b 755 of b',
    'opt/all/inner 755',
    'opt/all/inner/a 644 of a',
    'opt/say 755 #!/bin/sh\n',
    'tmp 1777',
  ]);
});
