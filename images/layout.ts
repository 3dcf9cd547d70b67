/**
 * Images as one OCI image layout (image-spec v1.1, image-layout.md), without a daemon and without a registry. Layers are
 * tar archives that are not compressed: what gzip writes differs between versions of zlib, and who copies an image to a
 * registry compresses it on the way.
 */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { entriesOf, type Layer } from './layer.ts';
import { tar } from './tar.ts';

export interface ImageSpec {
  /** `docker.io/csi-sidecars/mock-driver:0.1.0`, and what else it is called. */
  readonly names: readonly string[];
  readonly entrypoint: readonly string[];
  /** Where the Pod names no arguments. */
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** `org.opencontainers.image.*`: annotations of the manifest, and labels for who reads only the configuration. */
  readonly labels?: Readonly<Record<string, string>>;
  /** From the lowest. One that several images have is written once. */
  readonly layers: readonly Layer[];
}

export interface Blob {
  /** `sha256:…` */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

export interface WrittenImage {
  readonly spec: ImageSpec;
  readonly manifest: Blob;
  readonly layers: readonly Blob[];
}

const MEDIA_TYPES = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const;
const LAYOUT_FILE = 'oci-layout';
/** Among the blobs: what is not written to its end. */
const UNNAMED = 'unnamed';

/** Replaces a layout that is in the folder; rejects a folder that holds something else. */
export function writeLayout(images: readonly ImageSpec[], folder: string): readonly WrittenImage[] {
  if (existsSync(folder) && readdirSync(folder).length > 0 && !existsSync(join(folder, LAYOUT_FILE)))
    throw new Error(`${folder} is not empty and no image layout`);
  const [blobs, index] = [join(folder, 'blobs/sha256'), join(folder, 'index.json')];
  // Whoever is interrupted leaves a layout that names no image, and that the next one replaces.
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, LAYOUT_FILE), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  rmSync(index, { force: true });
  rmSync(blobs, { recursive: true, force: true });
  mkdirSync(blobs, { recursive: true });
  const layers = new Map<Layer, Blob>();
  const layerOf = (layer: Layer): Blob => {
    const blob = layers.get(layer) ?? writeBlob(blobs, tar(entriesOf(layer)));
    layers.set(layer, blob);
    return blob;
  };
  const json = (value: object): Blob => writeBlob(blobs, [Buffer.from(JSON.stringify(value))]);
  const written = images.map((spec) => {
    const below = spec.layers.map(layerOf);
    const config = json(configOf(spec, below));
    const manifest = json({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.manifest,
      config: { mediaType: MEDIA_TYPES.config, ...config },
      layers: below.map((blob) => ({ mediaType: MEDIA_TYPES.layer, ...blob })),
      ...(spec.labels === undefined ? {} : { annotations: spec.labels }),
    });
    return { spec, manifest, layers: below };
  });
  const manifests = written.flatMap(({ spec, manifest }) =>
    spec.names.map((name) => ({ mediaType: MEDIA_TYPES.manifest, ...manifest, annotations: namesOf(name) })),
  );
  const unnamed = join(blobs, UNNAMED);
  writeFileSync(unnamed, JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests }));
  renameSync(unnamed, index);
  return written;
}

/** As people and manifests write it: without the registry and the folder that are meant where none is named. */
export const shortName = (name: string): string => name.replace(/^docker\.io\/(?:library\/)?/, '');

/** The second is what containerd and Docker call the image once they have it. */
const namesOf = (name: string): Readonly<Record<string, string>> => ({
  'org.opencontainers.image.ref.name': shortName(name),
  'io.containerd.image.name': name,
});

function configOf({ entrypoint, command, env = {}, labels, layers }: ImageSpec, blobs: readonly Blob[]): object {
  return {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: {
      ...(entrypoint.length === 0 ? {} : { Entrypoint: entrypoint }),
      ...(command === undefined ? {} : { Cmd: command }),
      Env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
      ...(labels === undefined ? {} : { Labels: labels }),
    },
    rootfs: { type: 'layers', diff_ids: blobs.map(({ digest }) => digest) },
    history: layers.map(({ title }) => ({ created_by: title })),
  };
}

function writeBlob(folder: string, parts: Iterable<Uint8Array>): Blob {
  const unnamed = join(folder, UNNAMED);
  const file = openSync(unnamed, 'w');
  const hash = createHash('sha256');
  let size = 0;
  for (const part of parts) {
    for (let from = 0; from < part.length; from += writeSync(file, part, from));
    hash.update(part);
    size += part.length;
  }
  closeSync(file);
  const hex = hash.digest('hex');
  renameSync(unnamed, join(folder, hex));
  return { digest: `sha256:${hex}`, size };
}
