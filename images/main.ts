/**
 * `npm run images -- [--out=DIR] [--program=NAME,…] [--node=FILE] [--json]`: our images as one OCI image layout in DIR
 * (default dist/images), and beside them a bill of materials of each under DIR/sbom/. With `--json` text for people goes to
 * standard error, and the last line of standard output is one JSON object with `ok`. Exit 0 written, 1 not, 2 asked wrongly.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { inspect, parseArgs } from 'node:util';
import { repositoryRoot } from '../harness/repository.ts';
import { type Blob, shortName, type WrittenImage, writeLayout } from './layout.ts';
import { type OwnImage, ownImages } from './own.ts';
import { imageSbom, type SpdxDocument } from './sbom.ts';

function usage(problem: string): never {
  process.stderr.write(`${problem}\nusage: images [--out=DIR] [--program=NAME,…] [--node=FILE] [--json]\n`);
  process.exit(2);
}

function readOptions(): { readonly out?: string; readonly program?: string; readonly node?: string; readonly json?: boolean } {
  try {
    const string = { type: 'string' } as const;
    return parseArgs({ options: { out: string, program: string, node: string, json: { type: 'boolean' } } }).values;
  } catch (error) {
    return usage(error instanceof Error ? error.message : inspect(error));
  }
}

const sizeOf = (bytes: number): string => (bytes < 2 ** 20 ? `${(bytes / 2 ** 10).toFixed(1)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`);

function main(): void {
  const options = readOptions();
  const root = repositoryRoot();
  const out = resolve(options.out ?? join(root, 'dist/images'));
  const say = (line: string): void => void (options.json === true ? process.stderr : process.stdout).write(`${line}\n`);
  const all = ownImages({ root, ...(options.node === undefined ? {} : { node: resolve(options.node) }) });
  const asked = options.program?.split(',') ?? all.map(({ program }) => program);
  const unknown = asked.filter((name) => !all.some(({ program }) => program === name));
  if (unknown.length > 0) usage(`no image is called ${unknown.join(', ')}; there are ${all.map(({ program }) => program).join(', ')}`);
  const chosen = all.filter(({ program }) => asked.includes(program));
  const written = writeLayout(
    chosen.map(({ spec }) => spec),
    out,
  );
  const bundles = JSON.parse(readFileSync(join(root, 'dist/sbom.spdx.json'), 'utf8')) as SpdxDocument;
  rmSync(join(out, 'sbom'), { recursive: true, force: true });
  mkdirSync(join(out, 'sbom'));
  const reports = chosen.flatMap((image, index) => {
    const result = written[index];
    return result === undefined ? [] : [reportOf({ image, result, bundles, out })];
  });
  for (const { name, digest, bytes, layers, sbom, document, missing } of reports) {
    say(`${name}: ${sizeOf(bytes)}, ${document.packages.length - 1} packages (${sbom})`);
    say(`  ${digest}`);
    for (const file of missing) say(`  without ${file}, which is not on this machine`);
    for (const layer of layers) say(`  ${layer.digest} ${sizeOf(layer.size)} ${layer.title}`);
  }
  const packages = new Map(reports.flatMap(({ document }) => document.packages.slice(1).map((each) => [each.SPDXID, each] as const)));
  say('packages of all of them:');
  for (const { name, versionInfo, licenseDeclared } of packages.values())
    say(`  ${name} ${versionInfo} ${licenseDeclared === 'NOASSERTION' ? '' : licenseDeclared}`.trimEnd());
  const images = reports.map(({ document, ...figures }) => ({ ...figures, packages: document.packages.length - 1 }));
  if (options.json === true) process.stdout.write(`${JSON.stringify({ ok: true, out, images })}\n`);
}

interface Report {
  readonly name: string;
  readonly digest: string;
  readonly bytes: number;
  readonly layers: readonly (Blob & { readonly title: string })[];
  /** The file of the document. */
  readonly sbom: string;
  readonly document: SpdxDocument;
  readonly missing: readonly string[];
}

/** Writes the bill of materials. */
function reportOf({
  image,
  result,
  bundles,
  out,
}: {
  readonly image: OwnImage;
  readonly result: WrittenImage;
  readonly bundles: SpdxDocument;
  readonly out: string;
}): Report {
  const { digest } = result.manifest;
  const document = imageSbom(image, { digest, bundles });
  const sbom = join(out, 'sbom', `${image.program}.spdx.json`);
  writeFileSync(sbom, `${JSON.stringify(document, null, 2)}\n`);
  const layers = result.layers.map((blob, index) => ({ title: image.spec.layers[index]?.title ?? '', ...blob }));
  const bytes = layers.reduce((sum, { size }) => sum + size, 0);
  return { name: shortName(image.name), digest, bytes, layers, sbom, document, missing: image.missing };
}

try {
  if (process.platform !== 'linux') throw new Error('images are made of programs of this machine, which has to be Linux');
  main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : inspect(error)}\n`);
  process.exitCode = 1;
}
