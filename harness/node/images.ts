/** The images of the node: ours as the Dockerfile has them, and what the examples and every Pod need. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { binary } from '../real/binaries.ts';
import { repositoryRoot } from '../repository.ts';
import { packImage } from './image.ts';

/** As containerd is told to use for every Pod. */
export const PAUSE_IMAGE = 'registry.k8s.io/pause:3.10';
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

/** Writes all archives below `folder`; answers their paths. */
export async function packImages(folder: string): Promise<readonly string[]> {
  const root = repositoryRoot();
  const version = JSON.parse(execFileSync('npm', ['pkg', 'get', 'version'], { cwd: root, encoding: 'utf8' })) as string;
  const own = PROGRAMS.map((program) =>
    packImage(
      {
        name: `docker.io/csi-sidecars/${program}:${version}`,
        entrypoint: [process.execPath, '--max-semi-space-size=2', `/app/dist/${program}.mjs`],
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
        programs: [process.execPath, ...(program === 'mock-driver' ? VOLUME_TOOLS : [])],
        files: {
          '/app/LICENSE': join(root, 'LICENSE'),
          '/app/LICENSES.txt': join(root, 'dist/LICENSES.txt'),
          '/app/dist/chunks': join(root, 'dist/chunks'),
          [`/app/dist/${program}.mjs`]: join(root, `dist/${program}.mjs`),
          ...(program === 'mock-driver'
            ? { '/app/dist/csi.proto': join(root, 'dist/csi.proto'), '/etc/mke2fs.conf': '/etc/mke2fs.conf' }
            : {}),
        },
        links: { [`/${program}`]: `/app/dist/${program}.mjs` },
      },
      join(folder, program),
    ),
  );
  const pause = packImage({ name: PAUSE_IMAGE, entrypoint: ['/pause'], files: { '/pause': await binary('pause') } }, join(folder, 'pause'));
  return [...own, pause, packImage(busybox(), join(folder, 'busybox'))];
}

function busybox(): Parameters<typeof packImage>[0] {
  const program = '/bin/busybox';
  const applets = execFileSync(program, ['--list'], { encoding: 'utf8' })
    .split('\n')
    .filter((name) => name !== '' && name !== 'busybox');
  return {
    name: 'docker.io/library/busybox:1.37',
    entrypoint: [],
    env: { PATH: '/bin' },
    files: { '/bin/busybox': program },
    links: Object.fromEntries(applets.map((name) => [`/bin/${name}`, program])),
  };
}
