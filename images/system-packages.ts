/** Which of the distribution's packages files of this machine are of. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';

export interface SystemPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** As in a package URL: `debian`. */
  readonly distribution: string;
  /** The file with its licence. */
  readonly copyright: string | undefined;
}

/** Sorted by name; files that are of none, all of them where there is no dpkg, are passed over. */
export function systemPackagesOf(files: readonly string[]): readonly SystemPackage[] {
  const owners = new Set(files.flatMap((file) => ownerOf(file) ?? []));
  return [...owners].toSorted().map((owner) => {
    const [name = owner, version = '', architecture = ''] = ask(['-W', '-f=${Package}\t${Version}\t${Architecture}', owner]).split('\t');
    const copyright = `/usr/share/doc/${name}/copyright`;
    return { name, version, architecture, distribution: distribution(), copyright: existsSync(copyright) ? copyright : undefined };
  });
}

/** `libc6:amd64`. Packages name files as they were before /lib and /bin became links into /usr, or as they are now. */
function ownerOf(file: string): string | undefined {
  const real = realpathSync(file);
  const told = [file, real, real.replace(/^\/usr/, '')].map((path) => ask(['-S', path]));
  return told.flatMap((line) => /^([^\s,]+): /.exec(line)?.[1] ?? [])[0];
}

/** Empty where dpkg knows nothing, or is not there. */
const ask = (args: readonly string[]): string => spawnSync('dpkg-query', args, { encoding: 'utf8' }).stdout ?? '';

const distribution = (): string => /^ID=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'debian';
