/** The images of a node: ours as they are released, the Go programs, and what Pods run. */
import { execFileSync } from 'node:child_process';
import { type Layer, TEMPORARY_FOLDER } from '../../images/layer.ts';
import type { ImageSpec } from '../../images/layout.ts';
import { withLibraries } from '../../images/libraries.ts';
import { ownImages } from '../../images/own.ts';
import { binary, releaseOf } from '../real/binaries.ts';
import { repositoryRoot } from '../repository.ts';

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

/** What every node has: our programs, pause, and the image of the examples. */
export async function basicImages(): Promise<readonly ImageSpec[]> {
  const pause = { names: [PAUSE_IMAGE, SUITE_PAUSE_IMAGE], entrypoint: ['/pause'], layers: [await programLayer('pause')] };
  return [...ownImages({ root: repositoryRoot() }).map(({ spec }) => spec), pause, busybox(['docker.io/library/busybox:1.37'])];
}

/** As it is released. */
export const peerImage = (name: PeerName): string => `registry.k8s.io/sig-storage/${name}:${PEERS[name]}`;

/** The Go programs at the names of their releases. */
export async function peerImages(): Promise<readonly ImageSpec[]> {
  const names = Object.keys(PEERS) as PeerName[];
  return Promise.all(
    names.map(async (name) => ({ names: [peerImage(name)], entrypoint: [`/${name}`], layers: [await programLayer(name)] })),
  );
}

const programLayer = async (name: Parameters<typeof binary>[0]): Promise<Layer> => ({
  title: name,
  files: { [`/${name}`]: await binary(name) },
  folders: TEMPORARY_FOLDER,
});

/** Stand-ins for what the Pods of Kubernetes' storage suite run: as much of it as its specs call. */
export async function suiteImages(): Promise<readonly ImageSpec[]> {
  const bash = { '/bin/bash': '#!/bin/sh\nexec /bin/sh "$@"\n' };
  const shell = busybox([`${SUITE_REGISTRY}/agnhost:2.63.0`]);
  // A spec of block volumes passes the page cache by (oflag=nocache), which busybox's dd cannot.
  const dd = { title: 'dd', files: withLibraries({ '/bin/dd': '/bin/dd' }) };
  const glibc = busybox([`${SUITE_REGISTRY}/glibc-dns-testing:2.0.0`]);
  return [
    busybox([`${SUITE_REGISTRY}/busybox:1.37.0-1`]),
    { ...busybox([`${SUITE_REGISTRY}/nginx:1.15-4`]), command: ['sleep', '1000000'] },
    { ...glibc, layers: [...glibc.layers, dd] },
    {
      ...shell,
      entrypoint: ['/agnhost'],
      command: ['pause'],
      layers: [...shell.layers, { ...(await programLayer('agnhost')), texts: bash }],
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
    layers: [
      {
        title: 'busybox',
        files: { '/bin/busybox': program },
        links: Object.fromEntries(applets.map((name) => [`/bin/${name}`, program])),
        folders: TEMPORARY_FOLDER,
      },
    ],
  };
}
