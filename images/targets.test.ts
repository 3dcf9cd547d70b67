import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Target, targetsOf } from './targets.ts';

let root = '';

beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'csi-targets-'))));
afterEach(() => rmSync(root, { recursive: true }));

function targets(dockerfile: string): readonly Target[] {
  const head = 'FROM node:24 AS build\nWORKDIR /src\nCOPY . .\nRUN npm run build\nFROM node:24 AS runtime\nCOPY LICENSE /app/LICENSE\n';
  writeFileSync(join(root, 'Dockerfile'), head + dockerfile);
  return targetsOf(root);
}

const target = (name: string): string =>
  `FROM runtime AS ${name}\nCOPY --from=build /src/dist/${name}.mjs /app/${name}.mjs\nRUN ln -s /app/${name}.mjs /${name}\nENTRYPOINT ["/${name}"]\n`;

describe('targets of the Dockerfile', () => {
  test('are the stages with an entry point, each with what it and the stages below copy and link', () => {
    expect(targets(target('a'))).toEqual([
      {
        name: 'a',
        entrypoint: ['/a'],
        layers: [
          { title: 'runtime', files: { '/app/LICENSE': join(root, 'LICENSE') }, links: {} },
          { title: 'a', files: { '/app/a.mjs': join(root, 'dist/a.mjs') }, links: { '/a': '/app/a.mjs' } },
        ],
      },
    ]);
  });

  test('share the layers of the stages that they share', () => {
    const [a, b] = targets(target('a') + target('b'));
    expect(a?.layers[0]).toBe(b?.layers[0]);
    expect(a?.layers[1]).not.toEqual(b?.layers[1]);
  });

  test.each([
    ['RUN apt-get install -y nfs-common', 'a does more than to copy and to link'],
    ['COPY --from=other /src/x /x', '/src/x of other is not of the repository'],
    ['COPY --from=build /usr/bin/npm /x', '/usr/bin/npm of build is not of the repository'],
    ['COPY LICENSE Dockerfile /app/', 'a copies several files at once'],
    ['USER 1000', 'USER is not known here'],
  ])('are refused, not made thinner, where it says %s', (step, message) => {
    expect(() => targets(`FROM runtime AS a\n${step}\nENTRYPOINT ["/a"]\n`)).toThrow(`Dockerfile: ${message}`);
  });
});
