import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type OwnImage, ownImages, VOLUME_TOOLS } from './own.ts';
import { imagesProblem, LIBRARY_PACKAGES } from './testing/machine.ts';

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'csi-own-'));
  mkdirSync(join(root, 'dist'));
  writeFileSync(join(root, 'dist/a.mjs'), 'a');
  writeFileSync(join(root, 'LICENSE'), 'L');
});
afterEach(() => rmSync(root, { recursive: true }));

const HEAD = 'FROM node:24 AS build\nWORKDIR /src\nCOPY . .\nRUN npm run build\n';
const RUNTIME = `${HEAD}FROM node:24 AS runtime\nCOPY LICENSE /app/LICENSE\n`;

function images(dockerfile: string, more: object = {}): readonly OwnImage[] {
  writeFileSync(join(root, 'Dockerfile'), dockerfile);
  writeFileSync(join(root, 'package.json'), JSON.stringify({ version: '1.2.3', description: 'text', license: 'MIT', ...more }));
  return ownImages({ root });
}

const packagesOf = (image: OwnImage | undefined): readonly string[] => image?.systemPackages.map(({ name }) => name) ?? [];

describe.skipIf(imagesProblem !== undefined)('images of ours', () => {
  const target = (name: string): string =>
    `FROM runtime AS ${name}\nCOPY --from=build /src/dist/a.mjs /app/${name}.mjs\nRUN ln -s /app/${name}.mjs /${name}\nENTRYPOINT ["/${name}"]\n`;

  test('are the targets of the Dockerfile, on a layer that all of them lie on', () => {
    const [a, b] = images(RUNTIME + target('a') + target('b'));
    expect([a?.program, b?.program]).toEqual(['a', 'b']);
    expect(a?.spec.entrypoint).toEqual(['/a']);
    expect(a?.spec.names).toEqual(['docker.io/csi-sidecars/a:1.2.3']);
    expect(a?.spec.layers.map(({ title }) => title)).toEqual([`Node ${process.versions.node}`, 'runtime', 'a']);
    expect(a?.spec.layers[0]).toBe(b?.spec.layers[0]);
  });

  test('have Node with its libraries, env and the licences of these', () => {
    const [a] = images(RUNTIME + target('a'));
    const files = Object.keys(a?.spec.layers[0]?.files ?? {});
    expect(files).toEqual(expect.arrayContaining(['/usr/local/bin/node', '/usr/bin/env', expect.stringMatching(/\/libc\.so\.6$/)]));
    expect(packagesOf(a)).toEqual(expect.arrayContaining(LIBRARY_PACKAGES));
    for (const { name, copyright } of a?.systemPackages ?? [])
      expect(copyright === undefined || files.includes(copyright), name).toBe(true);
    expect(a?.spec.env).toEqual({ PATH: expect.stringContaining('/usr/local/bin'), NODE_VERSION: process.versions.node });
  });

  test('are labelled with what package.json says, its source only where it names one', () => {
    const labels = {
      'org.opencontainers.image.title': 'a',
      'org.opencontainers.image.description': 'text',
      'org.opencontainers.image.version': '1.2.3',
      'org.opencontainers.image.licenses': 'MIT',
    };
    expect(images(RUNTIME + target('a'))[0]?.spec.labels).toEqual(labels);
    const repository = { url: 'https://git.example/ours' };
    expect(images(RUNTIME + target('a'), { repository })[0]?.spec.labels).toEqual({
      ...labels,
      'org.opencontainers.image.source': 'https://git.example/ours',
    });
  });

  test('have the tools for volumes where the driver is', () => {
    const [a, driver] = images(RUNTIME + target('a') + target('mock-driver'));
    expect(a?.spec.layers).toHaveLength(3);
    expect(driver?.spec.layers[3]).toMatchObject({ title: 'volume tools', files: { '/bin/cp': '/bin/cp' } });
    const tools = Object.keys(driver?.spec.layers[3]?.files ?? {});
    const there = VOLUME_TOOLS.filter((file) => tools.includes(file));
    expect([...there, ...(driver?.missing ?? [])].toSorted()).toEqual(VOLUME_TOOLS.toSorted());
    const more = packagesOf(driver).filter((name) => !packagesOf(a).includes(name));
    expect(more).toEqual(expect.arrayContaining(LIBRARY_PACKAGES.length === 0 ? [] : ['mount']));
  });
});
