/** The images of a node: ours as the Dockerfile has them, the Go programs, and what Pods run. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { binary, releaseOf } from '../real/binaries.ts';
import { repositoryRoot } from '../repository.ts';
import type { ImageSpec } from './image.ts';

/** As containerd is told to use for every Pod. */
export const PAUSE_IMAGE = 'registry.k8s.io/pause:3.10';
/** As the storage suite asks for it. */
const SUITE_PAUSE_IMAGE = 'registry.k8s.io/pause:3.10.2';
const SUITE_REGISTRY = 'registry.k8s.io/e2e-test-images';
/** The Go programs, and the releases that they are of. */
const PEERS = {
  'snapshot-controller': releaseOf('snapshotter', 'external-snapshotter'),
  'csi-snapshotter': releaseOf('snapshotter', 'external-snapshotter'),
  'csi-provisioner': releaseOf('provisioner', 'external-provisioner'),
  'csi-attacher': releaseOf('volumes', 'external-attacher'),
  'csi-resizer': releaseOf('volumes', 'external-resizer'),
};
export type PeerName = keyof typeof PEERS;
const PROGRAMS = ['snapshot-controller', 'csi-snapshotter', 'csi-provisioner', 'mock-driver', 'csi-sidecars'];
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

/** What every node has: our programs, pause, and the image of the examples. */
export async function basicImages(): Promise<readonly ImageSpec[]> {
  const root = repositoryRoot();
  const version = JSON.parse(execFileSync('npm', ['pkg', 'get', 'version'], { cwd: root, encoding: 'utf8' })) as string;
  const own = PROGRAMS.map((program) => ({
    names: [`docker.io/csi-sidecars/${program}:${version}`],
    entrypoint: [process.execPath, '--max-semi-space-size=2', `/app/dist/${program}.mjs`],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    programs: [process.execPath, ...(program === 'mock-driver' ? VOLUME_TOOLS : [])],
    files: {
      '/app/LICENSE': join(root, 'LICENSE'),
      '/app/LICENSES.txt': join(root, 'dist/LICENSES.txt'),
      '/app/dist/chunks': join(root, 'dist/chunks'),
      [`/app/dist/${program}.mjs`]: join(root, `dist/${program}.mjs`),
      ...(program === 'mock-driver' ? { '/app/dist/csi.proto': join(root, 'dist/csi.proto'), '/etc/mke2fs.conf': '/etc/mke2fs.conf' } : {}),
    },
    links: { [`/${program}`]: `/app/dist/${program}.mjs` },
  }));
  const pause = { names: [PAUSE_IMAGE, SUITE_PAUSE_IMAGE], entrypoint: ['/pause'], files: { '/pause': await binary('pause') } };
  return [...own, pause, busybox(['docker.io/library/busybox:1.37'])];
}

/** As it is released. */
export const peerImage = (name: PeerName): string => `registry.k8s.io/sig-storage/${name}:${PEERS[name]}`;

/** The Go programs at the names of their releases. */
export async function peerImages(): Promise<readonly ImageSpec[]> {
  const names = Object.keys(PEERS) as PeerName[];
  return Promise.all(
    names.map(async (name) => ({
      names: [peerImage(name)],
      entrypoint: [`/${name}`],
      files: { [`/${name}`]: await binary(name) },
    })),
  );
}

/** Stand-ins for what the Pods of Kubernetes' storage suite run: as much of it as its specs call. */
export async function suiteImages(): Promise<readonly ImageSpec[]> {
  const bash = { '/bin/bash': '#!/bin/sh\nexec /bin/sh "$@"\n' };
  const agnhost = busybox([`${SUITE_REGISTRY}/agnhost:2.63.0`]);
  return [
    busybox([`${SUITE_REGISTRY}/busybox:1.37.0-1`]),
    { ...busybox([`${SUITE_REGISTRY}/nginx:1.15-4`]), command: ['sleep', '1000000'] },
    {
      ...agnhost,
      entrypoint: ['/agnhost'],
      command: ['pause'],
      files: { ...agnhost.files, '/agnhost': await binary('agnhost') },
      texts: bash,
    },
  ];
}

function busybox(names: readonly string[]): ImageSpec {
  const program = '/bin/busybox';
  const applets = execFileSync(program, ['--list'], { encoding: 'utf8' })
    .split('\n')
    .filter((name) => name !== '' && name !== 'busybox');
  return {
    names,
    entrypoint: [],
    command: ['sh'],
    env: { PATH: '/bin' },
    files: { '/bin/busybox': program },
    links: Object.fromEntries(applets.map((name) => [`/bin/${name}`, program])),
  };
}
