/** Programs of this machine with what they need to run in an image that has nothing else. glibc looks names up by itself, since 2.35 in files first. */
import { spawnSync } from 'node:child_process';

/** Path in the image → program here; answered with the shared libraries of all of them, at the paths where they are here. */
export function withLibraries(programs: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const libraries = Object.values(programs).flatMap((program) => librariesOf(program));
  return { ...programs, ...Object.fromEntries(libraries.map((file) => [file, file])) };
}

/** As the dynamic linker finds them; none of a static program, which ldd fails for. */
function librariesOf(program: string): readonly string[] {
  const { status, stdout, stderr, error } = spawnSync('ldd', [program], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
  if (error !== undefined) throw error;
  if (status !== 0 && !`${stdout}${stderr}`.includes('not a dynamic executable'))
    throw new Error(`ldd ${program}: ${stdout}${stderr}`.trim());
  return [...stdout.matchAll(/(\/\S+)(?= \(0x)/g)].flatMap(([, file]) => file ?? []);
}
