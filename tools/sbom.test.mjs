import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { bundledPackages } from './bundled-packages.mjs';
import { sbom } from './sbom.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const read = (file) => readFileSync(join(root, file), 'utf8');
const OWN = { name: 'ours', version: '1.0.0', license: 'Apache-2.0' };
const PACKAGES = [
  { folder: 'node_modules/@a/b', name: '@a/b', version: '2.0.0', license: 'MIT', integrity: `sha512-${btoa('xyz')}` },
  { folder: 'node_modules/c', name: 'c', version: '0.1.0', license: undefined, integrity: undefined },
];

/** Folders of the lock file whose files the bundler names above their code. */
function foldersInBundles() {
  const released = new Set(Object.values(JSON.parse(read('package.json')).bin));
  const shared = ['dist/chunks', 'dist/verbs'].flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`));
  const found = [...released, ...shared.filter((file) => file.endsWith('.mjs'))].flatMap((file) =>
    [...read(file).matchAll(/^\s*\/\/ ((?:node_modules\/(?:@[^/\s]+\/)?[^/\s]+\/)+)\S*$/gm)].map(([, folder]) => folder.slice(0, -1)),
  );
  return [...new Set(found.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)[0]))].sort();
}

describe('the bill of materials of what was built', () => {
  let packages, locked, told, folders;

  beforeAll(() => {
    if (!existsSync(join(root, 'dist/sbom.spdx.json'))) throw new Error('dist/ is not there: npm run build makes it');
    packages = JSON.parse(read('dist/sbom.spdx.json')).packages;
    locked = JSON.parse(read('package-lock.json')).packages;
    told = new Map(packages.map((each) => [each.externalRefs[0].referenceLocator, each]));
    folders = foldersInBundles();
  });

  test('has each package whose code is in a program or chunk that is released, with the version, licence and checksum of the lock file', () => {
    expect(folders.length).toBeGreaterThan(30);
    for (const folder of folders) {
      const { version, license, integrity } = locked[folder];
      const name = /([^/]*\/)?[^/]+$/.exec(folder)[0].replace(/^node_modules\//, '');
      const checksumValue = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex');
      expect(told.get(`pkg:npm/${name.replace('@', '%40')}@${version}`), folder).toMatchObject({
        name,
        versionInfo: version,
        licenseDeclared: license,
        checksums: [{ algorithm: 'SHA512', checksumValue }],
      });
    }
  });

  test('has nothing else but ourselves, and nothing that only work on the programs needs', () => {
    expect(packages).toHaveLength(folders.length + 1);
    expect(folders.filter((folder) => locked[folder].dev === true)).toEqual([]);
  });

  test('has the packages whose licence texts are passed on', () => {
    const titles = read('dist/LICENSES.txt')
      .split(/^/m)
      .flatMap((line) => /^(\S+) (\d\S*) \(.+\)$/.exec(line.trim())?.slice(1, 3).join(' ') ?? []);
    const others = packages.filter(({ name }) => name !== 'csi-sidecars');
    expect(titles).toEqual(others.map(({ name, versionInfo }) => `${name} ${versionInfo}`));
  });
});

describe('a bill of materials', () => {
  test('is the same for the same packages, and of another name for others', () => {
    expect(sbom(OWN, PACKAGES)).toEqual(sbom({ ...OWN }, [...PACKAGES]));
    expect(sbom(OWN, PACKAGES.slice(1)).documentNamespace).not.toBe(sbom(OWN, PACKAGES).documentNamespace);
  });

  test('says what is in what, by identifiers of letters, digits, dots and dashes', () => {
    const { packages, relationships } = sbom(OWN, PACKAGES);
    const ids = packages.map(({ SPDXID }) => SPDXID);
    expect(ids).toEqual(['SPDXRef-ours', 'SPDXRef-npm--a-b-2.0.0', 'SPDXRef-npm-c-0.1.0']);
    expect(relationships.map((each) => Object.values(each).join(' '))).toEqual([
      'SPDXRef-DOCUMENT DESCRIBES SPDXRef-ours',
      'SPDXRef-ours CONTAINS SPDXRef-npm--a-b-2.0.0',
      'SPDXRef-ours CONTAINS SPDXRef-npm-c-0.1.0',
    ]);
  });

  test('asserts nothing where the lock file is silent', () => {
    const [, scoped, silent] = sbom(OWN, PACKAGES).packages;
    expect(scoped.checksums).toEqual([{ algorithm: 'SHA512', checksumValue: '78797a' }]);
    expect(silent.licenseDeclared).toBe('NOASSERTION');
    expect(silent).not.toHaveProperty('checksums');
  });
});

test('a package of which no byte was written is not bundled, and one that the lock file does not have ends the build', () => {
  const metafile = (inputs) => ({ outputs: { 'dist/a.mjs': { inputs } } });
  const inputs = { 'node_modules/pino/a.js': { bytesInOutput: 5 }, 'node_modules/undici/b.js': { bytesInOutput: 0 } };
  expect(bundledPackages(metafile(inputs), root).map(({ name }) => name)).toEqual(['pino']);
  const unknown = metafile({ 'node_modules/pino/node_modules/no-such/a.js': { bytesInOutput: 5 } });
  expect(() => bundledPackages(unknown, root)).toThrow(/node_modules\/pino\/node_modules\/no-such is bundled/);
});
