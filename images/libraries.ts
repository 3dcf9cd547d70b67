/** Programs of this machine with what they need to run in an image that has nothing else. glibc looks names up by itself, since 2.35 in files first. */
import { execFileSync } from 'node:child_process';

/** Path in the image → program here; answered with the shared libraries of all of them, at the paths where they are here. */
export function withLibraries(programs: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const libraries = Object.values(programs).flatMap((program) => librariesOf(program));
  return { ...programs, ...Object.fromEntries(libraries.map((file) => [file, file])) };
}

/** As the dynamic linker finds them; none of a static program. */
function librariesOf(program: string): readonly string[] {
  const told = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...told.matchAll(/(\/\S+)(?= \(0x)/g)].flatMap(([, file]) => file ?? []);
}
