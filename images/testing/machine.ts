/** What images are made of is this machine's: what a test can ask for here. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Why no image can be made here; undefined where one can. */
export const imagesProblem = /GLIBC|GNU libc/.test(spawnSync('ldd', ['--version'], { encoding: 'utf8' }).stdout ?? '')
  ? undefined
  : 'images are made on Linux with glibc';
if (imagesProblem !== undefined) console.log(`not run: ${imagesProblem}`);

/** Debian's packages that every image has files of, where its packages are known. */
export const LIBRARY_PACKAGES = existsSync('/usr/bin/dpkg-query') ? ['libc6', 'libstdc++6'] : [];
