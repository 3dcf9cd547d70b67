/** `npm run images` as users run it, and the file systems of the images, laid out as a container runtime does. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repositoryRoot } from '../../harness/repository.ts';
import type { SpdxDocument } from '../../images/sbom.ts';
import { imagesProblem, LIBRARY_PACKAGES } from '../../images/testing/machine.ts';

const ROOT = repositoryRoot();
const VERSION = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
const PROGRAMS = ['snapshot-controller', 'csi-snapshotter', 'csi-provisioner', 'mock-driver', 'csi-sidecars'];

interface Figures {
  readonly name: string;
  readonly digest: string;
  readonly bytes: number;
  readonly layers: readonly { readonly title: string; readonly digest: string; readonly size: number }[];
  readonly sbom: string;
  readonly packages: number;
}

interface Answer {
  readonly ok: boolean;
  readonly out: string;
  readonly images: readonly Figures[];
}

let folder = '';
let answer: Answer;

const run = (args: readonly string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [join(ROOT, 'dist/images.mjs'), ...args], { encoding: 'utf8' });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'csi-images-'));
  const { status, stdout, stderr } = run([`--out=${join(folder, 'all')}`, '--json']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('packages of all of them:') });
  answer = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Answer;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const imageOf = (program: string): Figures => {
  const found = answer.images.find(({ name }) => name === `csi-sidecars/${program}:${VERSION}`);
  if (found === undefined) throw new Error(`no image of ${program}`);
  return found;
};

const blobOf = ({ digest }: { readonly digest: string }): string => join(answer.out, 'blobs', digest.replace(':', '/'));

/** The file system of an image, in a folder of its own. */
function unpacked(program: string): string {
  const tree = join(folder, program);
  mkdirSync(tree);
  for (const layer of imageOf(program).layers) expect(spawnSync('tar', ['-C', tree, '-xpf', blobOf(layer)]).status).toBe(0);
  return tree;
}

/** Folders of our sources whose code lies on the layer of Node: archives hold text as it is, and the bundler names each file above its code. */
function sourceFoldersOf(program: string): ReadonlySet<string> {
  const archives = imageOf(program).layers.slice(1).map(blobOf);
  const found = archives.flatMap((file) => [...readFileSync(file, 'latin1').matchAll(/^\/\/ ([\w-]+)\/\S+\.ts$/gm)]);
  return new Set(found.map(([, source = '']) => source));
}

describe.skipIf(imagesProblem !== undefined)('npm run images', () => {
  test('makes an image of every program, on two layers that all of them have', () => {
    expect(answer.ok).toBe(true);
    expect(answer.images.map(({ name }) => name)).toEqual(PROGRAMS.map((program) => `csi-sidecars/${program}:${VERSION}`));
    const [first] = answer.images;
    for (const { layers, bytes } of answer.images) {
      expect(layers.slice(0, 2)).toEqual(first?.layers.slice(0, 2));
      expect(bytes).toBe(layers.reduce((sum, { size }) => sum + size, 0));
    }
    expect(readdirSync(join(answer.out, 'blobs/sha256'))).toHaveLength(2 + PROGRAMS.length + 1 + 2 * PROGRAMS.length);
  });

  test('makes one image with the digest that it has among all, in the place of those before, and prints layers, sizes and packages', () => {
    const out = join(folder, 'one');
    run(['--program=csi-provisioner,csi-sidecars', `--out=${out}`]);
    const { status, stdout, stderr } = run(['--program=csi-snapshotter', `--out=${out}`]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { digest, layers, packages } = imageOf('csi-snapshotter');
    for (const text of [digest, `${packages} packages`, ...layers.map(({ title }) => `iB ${title}`), `node ${process.versions.node} MIT`])
      expect(stdout).toContain(text);
    expect(readdirSync(join(out, 'sbom'))).toEqual(['csi-snapshotter.spdx.json']);
  });

  test.each([[['--program=nobody']], [['--unknown']], [['argument']]])('is asked wrongly by %s', (args) => {
    const { status, stderr } = run(args);
    expect(status).toBe(2);
    expect(stderr).toContain('usage: images');
  });

  test('writes nothing into a folder of something else', () => {
    const out = join(folder, 'mine');
    mkdirSync(out);
    writeFileSync(join(out, 'diary'), '');
    expect(run([`--out=${out}`])).toMatchObject({ status: 1, stderr: `${out} is not empty and no image layout\n` });
    expect(readdirSync(out)).toEqual(['diary']);
  });

  test('writes bills of materials whose every relationship is between things that they have', () => {
    for (const { sbom, packages, digest } of answer.images) {
      const document = JSON.parse(readFileSync(sbom, 'utf8')) as SpdxDocument;
      const ids = document.packages.map(({ SPDXID }) => SPDXID);
      expect(new Set(ids).size).toBe(packages + 1);
      for (const { spdxElementId, relatedSpdxElement } of document.relationships)
        expect(['SPDXRef-DOCUMENT', ...ids]).toEqual(expect.arrayContaining([spdxElementId, relatedSpdxElement]));
      expect(document.packages[0]?.versionInfo).toBe(digest);
      expect(document.packages.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['csi-sidecars', '@grpc/grpc-js', 'node', ...LIBRARY_PACKAGES]),
      );
    }
  });
});

describe.skipIf(imagesProblem !== undefined)('the file system of an image', () => {
  test('has our program, what it shares with the others, Node with its libraries, and nothing else', () => {
    const tree = unpacked('csi-provisioner');
    expect(readdirSync(tree).filter((name) => !name.startsWith('lib'))).toEqual(['app', 'csi-provisioner', 'tmp', 'usr']);
    expect(readdirSync(join(tree, 'app'))).toEqual(['LICENSE', 'LICENSES.txt', 'dist', 'sbom.spdx.json']);
    expect(readdirSync(join(tree, 'usr'))).toEqual(
      expect.arrayContaining(['bin', 'local', ...(LIBRARY_PACKAGES.length === 0 ? [] : ['share'])]),
    );
    expect(readdirSync(join(tree, 'usr/bin'))).toEqual(['env']);
    expect(readdirSync(join(tree, 'usr/local/bin'))).toEqual(['node']);
    expect(readdirSync(join(tree, 'app/dist'))).toEqual(['chunks', 'csi-provisioner.mjs']);
    expect(readdirSync(join(tree, 'app/dist/chunks')).length).toBeGreaterThan(5);
  });

  test('has code of nothing that is only for work on the programs; the sandbox is for who tries a driver with it', () => {
    const folders = new Map(PROGRAMS.map((program) => [program, sourceFoldersOf(program)]));
    for (const [program, found] of folders) {
      expect(found, program).toContain(program === 'mock-driver' ? 'mock-driver' : 'lib');
      expect(
        [...found].filter((each) => ['test', 'harness', 'demo', 'images'].includes(each)),
        program,
      ).toEqual([]);
    }
    expect(PROGRAMS.filter((program) => folders.get(program)?.has('sandbox'))).toEqual(['csi-sidecars']);
  });

  test.skipIf(process.getuid?.() !== 0)('is all that a program needs to start by its entry point, and to try a driver', () => {
    const tree = unpacked('csi-sidecars');
    const ask = (...words: string[]): object => {
      const env = { PATH: `${process.env['PATH']}:/usr/local/bin` };
      const { status, stdout, stderr } = spawnSync('chroot', [tree, '/csi-sidecars', ...words], { encoding: 'utf8', env });
      return { status, stdout, stderr };
    };
    expect(ask('--version')).toEqual({ status: 0, stdout: `csi-sidecars ${VERSION}\n`, stderr: '' });
    expect(ask('try', '--csi-address=unix:///none')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('/none: there is no such socket'),
    });
  });
});
