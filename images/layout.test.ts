import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Layer } from './layer.ts';
import { type ImageSpec, shortName, writeLayout } from './layout.ts';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

let folder = '';

beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'csi-layout-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const base: Layer = { title: 'base', texts: { '/bin/base': 'base' }, folders: { '/tmp': 0o1777 } };
const own = (name: string): Layer => ({ title: name, texts: { [`/${name}`]: name } });
const IMAGES: readonly ImageSpec[] = [
  {
    names: ['docker.io/ours/a:1', 'registry.example/b:2'],
    entrypoint: ['/a'],
    env: { PATH: '/bin' },
    labels: { 'org.opencontainers.image.title': 'a' },
    layers: [base, own('a')],
  },
  { names: ['docker.io/library/c:3'], entrypoint: [], command: ['sh'], layers: [base, own('c')] },
];

const blobFile = (digest: string): string => join(folder, 'blobs', digest.replace(':', '/'));
const readJson = <T>(file: string): T => JSON.parse(readFileSync(file, 'utf8')) as T;
const index = (): { readonly mediaType: string; readonly schemaVersion: number; readonly manifests: readonly Descriptor[] } =>
  readJson(join(folder, 'index.json'));
const manifestOf = (
  digest: string,
): { config: Descriptor; layers: Descriptor[]; mediaType: string; schemaVersion: number; annotations?: object } =>
  readJson(blobFile(digest));

describe('an image layout', () => {
  test('says which version it has, and has for every descriptor a blob of that digest and size, and no other', () => {
    writeLayout(IMAGES, folder);
    expect(readFileSync(join(folder, 'oci-layout'), 'utf8')).toBe('{"imageLayoutVersion":"1.0.0"}');
    const manifests = index().manifests;
    const described = manifests.flatMap((descriptor) => {
      const { config, layers } = manifestOf(descriptor.digest);
      return [descriptor, config, ...layers];
    });
    for (const { digest, size } of described) {
      const bytes = readFileSync(blobFile(digest));
      expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(digest);
      expect(bytes.length).toBe(size);
    }
    expect(readdirSync(join(folder, 'blobs/sha256')).toSorted()).toEqual(
      [...new Set(described.map(({ digest }) => digest.slice('sha256:'.length)))].toSorted(),
    );
  });

  test('names the media types of the image specification', () => {
    writeLayout(IMAGES, folder);
    expect(index()).toMatchObject({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json' });
    for (const { digest, mediaType } of index().manifests) {
      expect(mediaType).toBe('application/vnd.oci.image.manifest.v1+json');
      const { config, layers, ...manifest } = manifestOf(digest);
      expect(manifest).toMatchObject({ schemaVersion: 2, mediaType });
      expect(config.mediaType).toBe('application/vnd.oci.image.config.v1+json');
      expect(layers.map((layer) => layer.mediaType)).toEqual(Array(2).fill('application/vnd.oci.image.layer.v1.tar'));
    }
  });

  test('has every image under each of its names, whole and as people write it', () => {
    writeLayout(IMAGES, folder);
    expect(index().manifests.map(({ annotations }) => Object.values(annotations ?? {}))).toEqual([
      ['ours/a:1', 'docker.io/ours/a:1'],
      ['registry.example/b:2', 'registry.example/b:2'],
      ['c:3', 'docker.io/library/c:3'],
    ]);
    const [first, second] = index().manifests;
    expect(first?.digest).toBe(second?.digest);
    // The grammar of org.opencontainers.image.ref.name, annotations.md.
    const component = '[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*';
    for (const { annotations } of index().manifests)
      expect(annotations?.['org.opencontainers.image.ref.name']).toMatch(new RegExp(`^${component}(?:/${component})*$`));
  });

  test('has configurations of what starts how, with the digests of the archives that the layers are', () => {
    writeLayout(IMAGES, folder);
    const read = (at: number): unknown => readJson(blobFile(manifestOf(index().manifests[at]?.digest ?? '').config.digest));
    const { layers, annotations } = manifestOf(index().manifests[0]?.digest ?? '');
    expect(read(0)).toMatchObject({
      os: 'linux',
      config: { Entrypoint: ['/a'], Env: ['PATH=/bin'], Labels: { 'org.opencontainers.image.title': 'a' } },
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
      history: [{ created_by: 'base' }, { created_by: 'a' }],
    });
    // The manifests say as whom a program runs.
    expect(read(0)).not.toHaveProperty('config.User');
    expect(annotations).toEqual({ 'org.opencontainers.image.title': 'a' });
    expect(read(2)).toHaveProperty('config', { Cmd: ['sh'], Env: [] });
    // The archives are there as they are, so that their digests are those of the blobs.
    const listed = layers.map(({ digest }) =>
      execFileSync('tar', ['-tf', blobFile(digest)], { encoding: 'utf8' })
        .trim()
        .split('\n'),
    );
    expect(listed).toEqual([['bin/', 'bin/base', 'tmp/'], ['a']]);
  });

  test('has a layer once that several images lie on', () => {
    const [a, c] = writeLayout(IMAGES, folder);
    expect(a?.layers[0]).toEqual(c?.layers[0]);
    expect(a?.layers[1]).not.toEqual(c?.layers[1]);
  });

  test('is the same to the last byte when it is made again, in another folder or over itself', () => {
    const all = (): ReadonlyMap<string, string> => {
      const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      return new Map(files.map(({ name, parentPath }) => [name, readFileSync(join(parentPath, name), 'latin1')] as const));
    };
    writeLayout(IMAGES, folder);
    const first = all();
    writeLayout(IMAGES.slice(1), folder);
    expect(all().size).toBeLessThan(first.size);
    writeLayout(IMAGES, folder);
    expect(all()).toEqual(first);
    rmSync(folder, { recursive: true });
    writeLayout(IMAGES, folder);
    expect(all()).toEqual(first);
  });

  test.each([
    ['the first', []],
    ['a later', IMAGES],
  ])('that was interrupted, %s one, names no image and is replaced by the next', (_, before) => {
    if (before.length > 0) writeLayout(before, folder);
    const broken: Layer = { title: 'broken', files: { '/gone': join(folder, 'not-there') } };
    expect(() => writeLayout([...IMAGES, { names: [], entrypoint: [], layers: [base, broken] }], folder)).toThrow('ENOENT');
    expect(readdirSync(folder).toSorted()).toEqual(['blobs', 'oci-layout']);
    writeLayout(IMAGES, folder);
    expect(index().manifests).toHaveLength(3);
  });

  test('never takes the place of what is no layout', () => {
    writeFileSync(join(folder, 'index.json'), 'of somebody');
    expect(() => writeLayout(IMAGES, folder)).toThrow(`${folder} is not empty and no image layout`);
    expect(readFileSync(join(folder, 'index.json'), 'utf8')).toBe('of somebody');
    expect(existsSync(join(folder, 'blobs'))).toBe(false);
  });
});

test('an image of no other registry is called as manifests call it', () => {
  expect(shortName('docker.io/csi-sidecars/csi-snapshotter:0.1.0')).toBe('csi-sidecars/csi-snapshotter:0.1.0');
  expect(shortName('docker.io/library/busybox:1.37')).toBe('busybox:1.37');
  expect(shortName('registry.k8s.io/pause:3.10')).toBe('registry.k8s.io/pause:3.10');
});
