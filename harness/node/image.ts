/**
 * Container images without a daemon and without a registry: one layer in a docker-archive, which `ctr images import` takes.
 * Programs come with the shared libraries that they are linked to, at the paths where they are on this machine.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface ImageSpec {
  /** `docker.io/csi-sidecars/mock-driver:0.1.0`, and what else it is called. */
  readonly names: readonly string[];
  readonly entrypoint: readonly string[];
  /** Where the Pod names no arguments. */
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Path in the image → file or folder here. */
  readonly files: Readonly<Record<string, string>>;
  /** Path in the image → what it points to. */
  readonly links?: Readonly<Record<string, string>>;
  /** Path in the image → what a file there says; it can be run. */
  readonly texts?: Readonly<Record<string, string>>;
  /** Programs of this machine, each at its own path, with their libraries. */
  readonly programs?: readonly string[];
}

/** Writes the archive and answers its path. `folder` is for this image alone. */
export function packImage(spec: ImageSpec, folder: string): string {
  const root = join(folder, 'root');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(root, 'tmp'), { recursive: true });
  chmodSync(join(root, 'tmp'), 0o1777);
  const libraries = (spec.programs ?? []).flatMap((program) => [program, ...librariesOf(program)]);
  for (const [to, from] of [...Object.entries(spec.files), ...libraries.map((file) => [file, file] as const)]) {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    cpSync(from, join(root, to), { recursive: true, dereference: true });
  }
  for (const [at, text] of Object.entries(spec.texts ?? {})) {
    mkdirSync(dirname(join(root, at)), { recursive: true });
    writeFileSync(join(root, at), text, { mode: 0o755 });
  }
  for (const [at, target] of Object.entries(spec.links ?? {})) {
    mkdirSync(dirname(join(root, at)), { recursive: true });
    symlinkSync(target, join(root, at));
  }
  const layer = join(folder, 'layer.tar');
  execFileSync('tar', ['--owner=0', '--group=0', '--numeric-owner', '--sort=name', '--mtime=@0', '-C', root, '-cf', layer, '.']);
  return archive(spec, { folder, layer });
}

function archive(
  { names, entrypoint, command = [], env = {} }: ImageSpec,
  { folder, layer }: { readonly folder: string; readonly layer: string },
): string {
  const digest = createHash('sha256').update(readFileSync(layer)).digest('hex');
  const config = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Entrypoint: entrypoint, Cmd: command, Env: Object.entries(env).map(([key, value]) => `${key}=${value}`) },
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify([{ Config: 'config.json', RepoTags: names, Layers: ['layer.tar'] }]));
  const file = join(folder, 'image.tar');
  execFileSync('tar', ['-C', folder, '-cf', file, 'manifest.json', 'config.json', 'layer.tar']);
  rmSync(join(folder, 'root'), { recursive: true });
  rmSync(layer);
  return file;
}

/** As the dynamic linker finds them; none of a static program. */
function librariesOf(program: string): readonly string[] {
  const told = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...told.matchAll(/(\/\S+)(?= \(0x)/g)].flatMap(([, file]) => file ?? []);
}
