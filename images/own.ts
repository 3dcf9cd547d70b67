/**
 * Our programs as images. What is in them is read from the Dockerfile, which is the one account of it; what its base image
 * gives is Node of this machine with its libraries, and for the driver the tools that it handles volumes with.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Layer, TEMPORARY_FOLDER } from './layer.ts';
import type { ImageSpec } from './layout.ts';
import { withLibraries } from './libraries.ts';
import { type SystemPackage, systemPackagesOf } from './system-packages.ts';
import { targetsOf } from './targets.ts';

export interface OwnImage {
  /** The target of the Dockerfile. */
  readonly program: string;
  /** `docker.io/csi-sidecars/csi-snapshotter:0.1.0` */
  readonly name: string;
  readonly spec: ImageSpec;
  /** Of 20.20.2, without a v. */
  readonly nodeVersion: string;
  /** What files of the image are of, Node's own package apart. */
  readonly systemPackages: readonly SystemPackage[];
  /** What should be in it and is not on this machine. */
  readonly missing: readonly string[];
}

interface Base {
  readonly layer: Layer;
  readonly nodeVersion: string;
  readonly systemPackages: readonly SystemPackage[];
}

interface Tools {
  readonly layers: readonly Layer[];
  readonly systemPackages: readonly SystemPackage[];
  readonly missing: readonly string[];
}

/** Where node:24-bookworm-slim has it, too. */
const NODE_PATH = '/usr/local/bin/node';
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const VOLUME_TOOLS_CONFIG = '/etc/mke2fs.conf';
/** What the driver makes, mounts and copies volumes with. */
export const VOLUME_TOOLS: readonly string[] = [
  '/bin/mount',
  '/bin/umount',
  '/sbin/losetup',
  '/sbin/mkfs.ext4',
  '/sbin/e2fsck',
  '/sbin/resize2fs',
  '/bin/cp',
  '/bin/sync',
  VOLUME_TOOLS_CONFIG,
];
const NO_TOOLS: Tools = { layers: [], systemPackages: [], missing: [] };

/** `root` is the repository, built; `node` the program that goes into the images. */
export function ownImages({ root, node = process.execPath }: { readonly root: string; readonly node?: string }): readonly OwnImage[] {
  const targets = targetsOf(root);
  const base = baseOf(node);
  const labels = labelsOf(root);
  return targets.map(({ name: program, entrypoint, layers }) => {
    const tools = program === 'mock-driver' ? volumeTools() : NO_TOOLS;
    const name = `docker.io/csi-sidecars/${program}:${labels['org.opencontainers.image.version']}`;
    const spec = {
      names: [name],
      entrypoint,
      env: { PATH, NODE_VERSION: base.nodeVersion },
      labels: { 'org.opencontainers.image.title': program, ...labels },
      layers: [base.layer, ...layers, ...tools.layers],
    };
    const systemPackages = [...base.systemPackages, ...tools.systemPackages];
    const named = new Map(systemPackages.map((each) => [each.name, each]));
    return { program, name, spec, nodeVersion: base.nodeVersion, systemPackages: [...named.values()], missing: tools.missing };
  });
}

function labelsOf(root: string): Readonly<Record<string, string>> & { readonly 'org.opencontainers.image.version': string } {
  const told = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly version: string;
    readonly description: string;
    readonly license: string;
    readonly repository?: { readonly url: string };
  };
  return {
    'org.opencontainers.image.description': told.description,
    'org.opencontainers.image.version': told.version,
    'org.opencontainers.image.licenses': told.license,
    ...(told.repository === undefined ? {} : { 'org.opencontainers.image.source': told.repository.url }),
  };
}

/** A program of ours is started by its first line, through env. */
function baseOf(node: string): Base {
  const nodeVersion = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().slice(1);
  const files = withLibraries({ [NODE_PATH]: node, '/usr/bin/env': '/usr/bin/env' });
  const systemPackages = systemPackagesOf(Object.values(files).filter((file) => file !== node));
  const licence = nodeLicence(node);
  return {
    nodeVersion,
    systemPackages,
    layer: {
      title: `Node ${nodeVersion}`,
      files: { ...files, ...copyrights(systemPackages), ...(licence === undefined ? {} : { '/usr/share/doc/nodejs/copyright': licence }) },
      folders: TEMPORARY_FOLDER,
    },
  };
}

/** As its package has it, or the archive that it is released in. */
function nodeLicence(node: string): string | undefined {
  const [packaged] = systemPackagesOf([node]);
  return packaged?.copyright ?? [join(dirname(realpathSync(node)), '../LICENSE')].find((file) => existsSync(file));
}

const copyrights = (packages: readonly SystemPackage[]): Readonly<Record<string, string>> =>
  Object.fromEntries(packages.flatMap(({ copyright }) => (copyright === undefined ? [] : [[copyright, copyright]])));

function volumeTools(): Tools {
  const [there, missing] = [VOLUME_TOOLS.filter((file) => existsSync(file)), VOLUME_TOOLS.filter((file) => !existsSync(file))];
  const programs = there.filter((file) => file !== VOLUME_TOOLS_CONFIG);
  const files = {
    ...withLibraries(Object.fromEntries(programs.map((file) => [file, file]))),
    ...Object.fromEntries(there.map((file) => [file, file])),
  };
  const systemPackages = systemPackagesOf(Object.values(files));
  return { layers: [{ title: 'volume tools', files: { ...files, ...copyrights(systemPackages) } }], systemPackages, missing };
}
