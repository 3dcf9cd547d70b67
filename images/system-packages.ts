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
  // Packages name files as they were before /lib and /bin became links into /usr, or as they are now.
  const paths = new Set(files.flatMap((file) => [file, realpathSync(file), realpathSync(file).replace(/^\/usr/, '')]));
  const owners = new Set(ask(['-S', ...paths]).flatMap((line) => /^([^\s,]+): /.exec(line)?.[1] ?? []));
  if (owners.size === 0) return [];
  const distribution = /^ID=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'debian';
  const told = ask(['-W', '-f=${Package}\t${Version}\t${Architecture}\n', ...owners]);
  return told.toSorted().map((line) => {
    const [name = '', version = '', architecture = ''] = line.split('\t');
    const copyright = `/usr/share/doc/${name}/copyright`;
    return { name, version, architecture, distribution, copyright: existsSync(copyright) ? copyright : undefined };
  });
}

/** Lines; none of what dpkg does not know, or where it is not there. */
const ask = (args: readonly string[]): readonly string[] =>
  (spawnSync('dpkg-query', args, { encoding: 'utf8' }).stdout ?? '').split('\n').filter((line) => line !== '');
