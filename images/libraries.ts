/** Programs of this machine with what they need to run in an image that has nothing else. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** glibc loads these when it is asked for the address of a name. */
const NAME_SERVICES = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'];

/** Path in the image → program here; answered with the shared libraries of all of them, at the paths where they are here. */
export function withLibraries(programs: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const libraries = Object.values(programs).flatMap((program) => librariesOf(program));
  return { ...programs, ...Object.fromEntries(libraries.map((file) => [file, file])) };
}

/** As the dynamic linker finds them; none of a static program. */
function librariesOf(program: string): readonly string[] {
  const told = execFileSync('ldd', [program], { encoding: 'utf8' });
  const linked = [...told.matchAll(/(\/\S+)(?= \(0x)/g)].flatMap(([, file]) => file ?? []);
  const libc = linked.find((file) => file.endsWith('/libc.so.6'));
  const named = libc === undefined ? [] : NAME_SERVICES.map((name) => join(dirname(libc), name));
  return [...linked, ...named.filter((file) => existsSync(file))];
}
