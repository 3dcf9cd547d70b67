import { expect, test } from 'vitest';
import { imageSbom, type SpdxDocument } from './sbom.ts';

const BUNDLES: SpdxDocument = {
  name: 'ours-1',
  documentNamespace: 'https://spdx.example/ours-1',
  packages: ['SPDXRef-ours', 'SPDXRef-npm-a-1'].map((SPDXID) => ({ SPDXID, name: SPDXID, versionInfo: '1', licenseDeclared: 'MIT' })),
  relationships: [
    { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: 'SPDXRef-ours' },
    { spdxElementId: 'SPDXRef-ours', relationshipType: 'CONTAINS', relatedSpdxElement: 'SPDXRef-npm-a-1' },
  ],
};

function sbomOf(program: string, digest: string): SpdxDocument {
  const system = { architecture: 'amd64', distribution: 'debian', copyright: undefined };
  const image = {
    program,
    name: `docker.io/ours/${program}:1`,
    spec: { names: [], entrypoint: [], layers: [] },
    nodeVersion: '24.1.0',
    systemPackages: [{ ...system, name: 'libstdc++6', version: '1:12.2.0-14+deb12u1' }],
    missing: [],
  };
  return imageSbom(image, { digest: `sha256:${digest}`, bundles: BUNDLES });
}

test('an image contains our package with all that is bundled into it, Node, and packages of the distribution', () => {
  const { packages, relationships } = sbomOf('a', 'abc');
  expect(packages.map(({ SPDXID }) => SPDXID)).toEqual([
    'SPDXRef-image',
    'SPDXRef-ours',
    'SPDXRef-npm-a-1',
    'SPDXRef-node',
    'SPDXRef-deb-libstdc--6',
  ]);
  expect(relationships.map((each) => Object.values(each).join(' '))).toEqual([
    'SPDXRef-DOCUMENT DESCRIBES SPDXRef-image',
    'SPDXRef-image CONTAINS SPDXRef-ours',
    'SPDXRef-image CONTAINS SPDXRef-node',
    'SPDXRef-image CONTAINS SPDXRef-deb-libstdc--6',
    'SPDXRef-ours CONTAINS SPDXRef-npm-a-1',
  ]);
});

test('an image is known by its digest, and its packages by URLs that scanners read', () => {
  const { name, packages } = sbomOf('a', 'abc');
  expect(name).toBe('docker.io/ours/a:1');
  expect(packages[0]).toMatchObject({ versionInfo: 'sha256:abc', checksums: [{ algorithm: 'SHA256', checksumValue: 'abc' }] });
  expect(packages.flatMap(({ externalRefs = [] }) => externalRefs.map(({ referenceLocator }) => referenceLocator))).toEqual([
    'pkg:oci/a@sha256%3Aabc',
    'pkg:generic/node@24.1.0',
    'pkg:deb/debian/libstdc%2B%2B6@1%3A12.2.0-14%2Bdeb12u1?arch=amd64',
  ]);
  expect(packages[3]).toMatchObject({ name: 'node', versionInfo: '24.1.0', licenseDeclared: 'MIT' });
});

test('no two images have a document of one name', () => {
  const namespaces = [sbomOf('a', 'abc'), sbomOf('b', 'abc'), sbomOf('a', 'abd')].map(({ documentNamespace }) => documentNamespace);
  expect(new Set(namespaces).size).toBe(3);
});
