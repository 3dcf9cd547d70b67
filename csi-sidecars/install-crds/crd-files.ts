import { load } from 'js-yaml';
import { ConfigError } from '../../lib/errors/config-error.ts';
import type { Files } from '../../lib/doors/files.ts';
import { GROUP_SNAPSHOT_GROUP, SNAPSHOT_GROUP } from '../../lib/kube/resources.ts';
import type { Crd } from './crd.ts';
import { errorText } from '../../lib/errors/error-text.ts';

const FILES = [
  `${SNAPSHOT_GROUP}_volumesnapshotclasses.yaml`,
  `${SNAPSHOT_GROUP}_volumesnapshotcontents.yaml`,
  `${SNAPSHOT_GROUP}_volumesnapshots.yaml`,
  `${GROUP_SNAPSHOT_GROUP}_volumegroupsnapshotclasses.yaml`,
  `${GROUP_SNAPSHOT_GROUP}_volumegroupsnapshotcontents.yaml`,
  `${GROUP_SNAPSHOT_GROUP}_volumegroupsnapshots.yaml`,
];

/** `deploy/crds` as seen from `dist/chunks`, from `dist` and from this source file. */
const PLACES = ['../deploy/crds', '../../deploy/crds'];

/** The six CRDs of this release, from `folder` or from where a checkout and an image have them. Rejects with ConfigError. */
export async function readCrds(files: Files, folder?: string): Promise<Crd[]> {
  const base = folder ?? (await findFolder(files));
  const crds: Crd[] = [];
  // One after the other: of several that cannot be read it is always the first that is told.
  for (const file of FILES) crds.push(await readCrd(files, `${base}/${file}`));
  return crds;
}

async function findFolder(files: Files): Promise<string> {
  const places = PLACES.map((place) => decodeURIComponent(new URL(place, import.meta.url).pathname));
  for (const place of places) if (await files.exists(`${place}/${FILES[0]}`)) return place;
  throw new ConfigError(`the CRD files are in none of ${places.join(', ')}: give their folder with --crds=DIR`);
}

async function readCrd(files: Files, path: string): Promise<Crd> {
  let crd: unknown;
  try {
    crd = load(new TextDecoder().decode(await files.read(path)));
  } catch (error) {
    throw new ConfigError(`${path} cannot be read: ${errorText(error)}`, { cause: error });
  }
  if (typeof crd !== 'object' || crd === null || !('kind' in crd) || crd.kind !== 'CustomResourceDefinition')
    throw new ConfigError(`${path} holds no CustomResourceDefinition`);
  return crd as Crd;
}
