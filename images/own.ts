/**
 * Our programs as images. What is in them is read from the Dockerfile, which is the one account of it; what its base image
 * gives is Node of this machine with its libraries, and for the driver the tools that it handles volumes with.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseDockerfile, type Stage } from './dockerfile.ts';
import type { Layer } from './layer.ts';
import type { ImageSpec } from './layout.ts';
import { withLibraries } from './libraries.ts';
import { type SystemPackage, systemPackagesOf } from './system-packages.ts';

export interface OwnImage {
  /** The target of the Dockerfile. */
  readonly program: string;
  readonly spec: ImageSpec;
  /** Of 20.20.2, without a v. */
  readonly nodeVersion: string;
  /** What files of the image are of, Node's own package apart. */
  readonly systemPackages: readonly SystemPackage[];
}

interface Base {
  readonly layer: Layer;
  readonly nodeVersion: string;
  readonly systemPackages: readonly SystemPackage[];
}

/** Where the stage that builds has the repository. */
const BUILD_STAGE = 'build';
const BUILD_FOLDER = '/src/';
/** Where node:24-bookworm-slim has it, too. */
const NODE_PATH = '/usr/local/bin/node';
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const TEMPORARY = { '/tmp': 0o1777 };
/** What the driver makes, mounts and copies volumes with. */
const VOLUME_TOOLS = [
  '/bin/mount',
  '/bin/umount',
  '/sbin/losetup',
  '/sbin/mkfs.ext4',
  '/sbin/e2fsck',
  '/sbin/resize2fs',
  '/bin/cp',
  '/bin/sync',
];
const VOLUME_TOOLS_CONFIG = '/etc/mke2fs.conf';

/** `root` is the repository, built; `node` the program that goes into the images. */
export function ownImages({ root, node = process.execPath }: { readonly root: string; readonly node?: string }): readonly OwnImage[] {
  const stages = parseDockerfile(readFileSync(join(root, 'Dockerfile'), 'utf8'));
  const base = baseOf(node);
  const layers = new Map<string, Layer>();
  const layersOf = (stage: Stage): readonly Layer[] => {
    const below = stages.find(({ name }) => name === stage.from);
    const layer = layers.get(stage.name) ?? layerOf(stage, root);
    layers.set(stage.name, layer);
    return [...(below === undefined ? [base.layer] : layersOf(below)), layer];
  };
  const labels = labelsOf(root);
  return stages.flatMap((stage) => {
    const { name: program, entrypoint } = stage;
    if (entrypoint === undefined) return [];
    const [tools, toolPackages] = program === 'mock-driver' ? volumeTools() : [[], []];
    const spec = {
      names: [`docker.io/csi-sidecars/${program}:${labels['org.opencontainers.image.version']}`],
      entrypoint,
      env: { PATH, NODE_VERSION: base.nodeVersion },
      labels: { 'org.opencontainers.image.title': program, ...labels },
      layers: [...layersOf(stage), ...tools],
    };
    const systemPackages = [...base.systemPackages, ...toolPackages];
    const named = new Map(systemPackages.map((each) => [each.name, each]));
    return [{ program, spec, nodeVersion: base.nodeVersion, systemPackages: [...named.values()] }];
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
      folders: TEMPORARY,
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

function volumeTools(): readonly [readonly Layer[], readonly SystemPackage[]] {
  const missing = [...VOLUME_TOOLS, VOLUME_TOOLS_CONFIG].filter((file) => !existsSync(file));
  if (missing.length > 0) throw new Error(`the image of mock-driver needs ${missing.join(', ')} (packages mount, e2fsprogs, coreutils)`);
  const files = withLibraries(Object.fromEntries(VOLUME_TOOLS.map((file) => [file, file])));
  const packages = systemPackagesOf(Object.values(files));
  const layer = { title: 'volume tools', files: { ...files, [VOLUME_TOOLS_CONFIG]: VOLUME_TOOLS_CONFIG, ...copyrights(packages) } };
  return [[layer], packages];
}

function layerOf({ name, steps }: Stage, root: string): Layer {
  const files: Record<string, string> = {};
  const links: Record<string, string> = {};
  for (const step of steps) {
    if (step.kind === 'copy') {
      const [source, ...more] = step.sources;
      if (source === undefined || more.length > 0 || step.target.endsWith('/'))
        throw new Error(`Dockerfile: ${name} copies several files at once`);
      files[step.target] = join(root, step.from === undefined ? source : builtFile(step.from, source));
    } else {
      const [, target, link] = (step.kind === 'run' ? /^ln -s (\/\S+) (\/\S+)$/.exec(step.command) : undefined) ?? [];
      if (target === undefined || link === undefined) throw new Error(`Dockerfile: ${name} does more than to copy and to link`);
      links[link] = target;
    }
  }
  return { title: name, files, links };
}

function builtFile(stage: string, path: string): string {
  if (stage !== BUILD_STAGE || !path.startsWith(BUILD_FOLDER)) throw new Error(`Dockerfile: ${path} of ${stage} is not of the repository`);
  return path.slice(BUILD_FOLDER.length);
}
