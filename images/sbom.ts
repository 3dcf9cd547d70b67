/** The bill of materials of an image, SPDX 2.3: what the one of the bundles has, and what lies around them. */
import { spdxPackage } from '../tools/sbom.mjs';
import type { OwnImage } from './own.ts';

export interface SpdxPackage {
  readonly SPDXID: string;
  readonly name: string;
  readonly versionInfo: string;
  readonly licenseDeclared: string;
  readonly externalRefs?: readonly { readonly referenceLocator: string }[];
}

export interface SpdxDocument {
  readonly name: string;
  readonly documentNamespace: string;
  readonly packages: readonly SpdxPackage[];
  readonly relationships: readonly {
    readonly spdxElementId: string;
    readonly relationshipType: string;
    readonly relatedSpdxElement: string;
  }[];
}

const DOCUMENT = 'SPDXRef-DOCUMENT';
const IMAGE = 'SPDXRef-image';

/** `digest` is that of the manifest, `sha256:…`; `bundles` as the build writes it. */
export function imageSbom(
  { program, name, nodeVersion, systemPackages }: OwnImage,
  { digest, bundles }: { readonly digest: string; readonly bundles: SpdxDocument },
): SpdxDocument {
  const hex = digest.slice('sha256:'.length);
  const image = {
    ...spdxPackage({
      id: IMAGE,
      name,
      version: digest,
      purl: `pkg:oci/${program}@sha256%3A${hex}`,
      checksums: [{ algorithm: 'SHA256', checksumValue: hex }],
    }),
    primaryPackagePurpose: 'CONTAINER',
  };
  const purl = `pkg:generic/node@${nodeVersion}`;
  const node = spdxPackage({ id: 'SPDXRef-node', name: 'node', version: nodeVersion, purl, license: 'MIT' });
  const system = systemPackages.map(({ name: deb, version, architecture, distribution }) =>
    spdxPackage({
      id: `SPDXRef-deb-${deb}`.replaceAll(/[^a-zA-Z0-9.-]/g, '-'),
      name: deb,
      version,
      purl: `pkg:deb/${distribution}/${encodeURIComponent(deb)}@${encodeURIComponent(version)}?arch=${architecture}`,
    }),
  );
  const described = bundles.relationships.filter(({ spdxElementId }) => spdxElementId === DOCUMENT);
  const contents = [...described.map(({ relatedSpdxElement }) => relatedSpdxElement), node.SPDXID, ...system.map(({ SPDXID }) => SPDXID)];
  return {
    ...bundles,
    name,
    documentNamespace: `${bundles.documentNamespace}-${program}-${hex}`,
    packages: [image, ...bundles.packages, node, ...system],
    relationships: [
      { spdxElementId: DOCUMENT, relationshipType: 'DESCRIBES', relatedSpdxElement: IMAGE },
      ...contents.map((id) => ({ spdxElementId: IMAGE, relationshipType: 'CONTAINS', relatedSpdxElement: id })),
      ...bundles.relationships.filter(({ spdxElementId }) => spdxElementId !== DOCUMENT),
    ],
  };
}
