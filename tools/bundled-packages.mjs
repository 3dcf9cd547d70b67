// The npm packages whose code is in bundles, as the lock file has them.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

// The last one of a path: a package may lie within another one's folder.
const FOLDER = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)/;

/**
 * From what esbuild says of a build: packages of which at least a byte was written, by folder. Throws on one that the
 * lock file does not have.
 */
export function bundledPackages(metafile, root) {
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const written = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
  const folders = new Set(written.flatMap((file) => FOLDER.exec(file)?.[0] ?? []));
  return [...folders].sort().map((folder) => {
    const entry = locked[folder];
    if (entry === undefined) throw new Error(`${folder} is bundled and not in package-lock.json`);
    const { version, license, integrity } = entry;
    return { folder, name: FOLDER.exec(folder)[1], version, license, integrity };
  });
}

/** The licence texts of these packages: they ask to be passed on. */
export function licenceTexts(packages, root) {
  const texts = packages.map(({ folder, name, version, license }) => {
    const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
    return `${name} ${version} (${license})\n\n${file === undefined ? '' : readFileSync(join(root, folder, file), 'utf8').trim()}\n`;
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}
