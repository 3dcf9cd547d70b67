/** A tar archive in the ustar format, as layers of images are: the same entries give the same bytes on every machine. Source: POSIX.1-2017, pax. */

export type Entry =
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly read: () => Uint8Array }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

const BLOCK = 512;
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
const TYPES = { file: '0', link: '2', folder: '5' };

/** In the order given; everything is root's, and of 1970. Paths are relative. */
export function* tar(entries: Iterable<Entry>): Generator<Uint8Array> {
  for (const entry of entries) {
    const content = entry.kind === 'file' ? entry.read() : new Uint8Array();
    yield header(entry, content.length);
    if (content.length === 0) continue;
    yield content;
    yield new Uint8Array((BLOCK - (content.length % BLOCK)) % BLOCK);
  }
  yield new Uint8Array(2 * BLOCK);
}

function header(entry: Entry, size: number): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  const { name, prefix } = splitPath(entry.kind === 'folder' ? `${entry.path}/` : entry.path);
  const target = entry.kind === 'link' ? entry.target : '';
  if (Buffer.byteLength(target) > NAME_BYTES) throw new Error(`tar: the target ${target} is longer than ${NAME_BYTES} bytes`);
  block.write(name, 0);
  writeOctal(block, entry.kind === 'link' ? 0o777 : entry.mode, { at: 100, digits: 7 });
  // Owner and group.
  writeOctal(block, 0, { at: 108, digits: 7 });
  writeOctal(block, 0, { at: 116, digits: 7 });
  writeOctal(block, size, { at: 124, digits: 11 });
  // Time of the last change.
  writeOctal(block, 0, { at: 136, digits: 11 });
  block.write(TYPES[entry.kind], 156);
  block.write(target, 157);
  block.write('ustar\x0000', 257);
  block.write(prefix, 345);
  // The sum is taken with blanks where it will stand.
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  writeOctal(block, sum, { at: 148, digits: 6 });
  block[154] = 0;
  return block;
}

function writeOctal(block: Buffer, value: number, { at, digits }: { readonly at: number; readonly digits: number }): void {
  block.write(value.toString(8).padStart(digits, '0'), at);
}

/** A long path is cut at a slash. */
function splitPath(path: string): { readonly name: string; readonly prefix: string } {
  if (Buffer.byteLength(path) <= NAME_BYTES) return { name: path, prefix: '' };
  for (let cut = path.indexOf('/'); cut !== -1; cut = path.indexOf('/', cut + 1)) {
    const [prefix, name] = [path.slice(0, cut), path.slice(cut + 1)];
    if (name !== '' && Buffer.byteLength(name) <= NAME_BYTES && Buffer.byteLength(prefix) <= PREFIX_BYTES) return { name, prefix };
  }
  throw new Error(`tar: the path ${path} is too long`);
}
