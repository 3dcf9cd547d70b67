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
  const ownEntry = npmPackage({ ...own, integrity: undefined }, `SPDXRef-${own.name}`);
  const others = packages.map((each) =>
    npmPackage(each, `SPDXRef-npm-${`${each.name}-${each.version}`.replaceAll(/[^a-zA-Z0-9.-]/g, '-')}`),
  );
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

function npmPackage({ name, version, license, integrity }, id) {
  // `sha512-` and base64; a lock file has no other kind today.
  const [, sha512] = /^sha512-(\S+)$/.exec(integrity ?? '') ?? [];
  const checksums = sha512 === undefined ? [] : [{ algorithm: 'SHA512', checksumValue: Buffer.from(sha512, 'base64').toString('hex') }];
  return spdxPackage({ id, name, version, purl: `pkg:npm/${name.replace(/^@/, '%40')}@${version}`, license, checksums });
}

/**
 * An entry under `packages`; what is not told is not asserted.
 * @param {{
 *   id: string, name: string, version: string, purl: string, license?: string,
 *   checksums?: { algorithm: string, checksumValue: string }[],
 * }} told
 */
export function spdxPackage({ id, name, version, purl, license = UNKNOWN, checksums = [] }) {
  return {
    SPDXID: id,
    name,
    versionInfo: version,
    downloadLocation: UNKNOWN,
    filesAnalyzed: false,
    ...(checksums.length === 0 ? {} : { checksums }),
    licenseConcluded: UNKNOWN,
    licenseDeclared: license,
    copyrightText: UNKNOWN,
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
  };
}

const relationship = (from, relationshipType, to) => ({ spdxElementId: from, relationshipType, relatedSpdxElement: to });
