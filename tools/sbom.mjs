// The bill of materials of the bundles: an SPDX 2.3 document (spdx.github.io/spdx-spec/v2.3) of the packages whose code
// is in them. The same packages give the same bytes, so it says 1970 and has a namespace made from its contents.
import { createHash } from 'node:crypto';

const NO_DATE = '1970-01-01T00:00:00Z';
const UNKNOWN = 'NOASSERTION';

/** `own` is our package, `packages` are as bundledPackages answers them. */
export function sbom(own, packages) {
  const contents = createHash('sha256')
    .update(JSON.stringify([own, packages]))
    .digest('hex');
  const ownEntry = entry({ ...own, integrity: undefined }, `SPDXRef-${own.name}`);
  const others = packages.map((each) => entry(each, `SPDXRef-npm-${`${each.name}-${each.version}`.replaceAll(/[^a-zA-Z0-9.-]/g, '-')}`));
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `${own.name}-${own.version}`,
    documentNamespace: `https://spdx.org/spdxdocs/${own.name}-${own.version}-${contents}`,
    creationInfo: { created: NO_DATE, creators: [`Tool: ${own.name}-build`] },
    packages: [ownEntry, ...others],
    relationships: [
      relationship('SPDXRef-DOCUMENT', 'DESCRIBES', ownEntry.SPDXID),
      ...others.map(({ SPDXID }) => relationship(ownEntry.SPDXID, 'CONTAINS', SPDXID)),
    ],
  };
}

function entry({ name, version, license, integrity }, id) {
  // `sha512-` and base64; a lock file has no other kind today.
  const [, sha512] = /^sha512-(\S+)$/.exec(integrity ?? '') ?? [];
  return {
    SPDXID: id,
    name,
    versionInfo: version,
    downloadLocation: UNKNOWN,
    filesAnalyzed: false,
    ...(sha512 === undefined ? {} : { checksums: [{ algorithm: 'SHA512', checksumValue: Buffer.from(sha512, 'base64').toString('hex') }] }),
    licenseConcluded: UNKNOWN,
    licenseDeclared: license ?? UNKNOWN,
    copyrightText: UNKNOWN,
    externalRefs: [
      {
        referenceCategory: 'PACKAGE-MANAGER',
        referenceType: 'purl',
        referenceLocator: `pkg:npm/${name.replace(/^@/, '%40')}@${version}`,
      },
    ],
  };
}

const relationship = (from, relationshipType, to) => ({ spdxElementId: from, relationshipType, relatedSpdxElement: to });
