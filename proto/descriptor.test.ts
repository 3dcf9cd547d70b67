/** csi.proto, compiled, against the published field table: every service, message, field, number, enum and option. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadCodec } from '../mock-driver/codec.ts';

// The parts of a FileDescriptorProto, as JSON, that the table speaks of.
interface Options {
  readonly options?: Readonly<Record<string, unknown>>;
}
interface Field extends Options {
  readonly name: string;
  readonly number: number;
  readonly label?: string;
  readonly type: string;
  readonly typeName?: string;
  readonly oneofIndex?: number;
  readonly extendee?: string;
}
interface Enum extends Options {
  readonly name: string;
  readonly value: readonly (Options & { readonly name: string; readonly number: number })[];
}
interface DescribedMessage extends Options {
  readonly name: string;
  readonly field?: readonly Field[];
  readonly nestedType?: readonly DescribedMessage[];
  readonly enumType?: readonly Enum[];
  readonly oneofDecl?: readonly { readonly name: string }[];
}
interface Rpc extends Options {
  readonly name: string;
  readonly inputType: string;
  readonly outputType: string;
  readonly serverStreaming?: boolean;
}
interface File {
  readonly name: string;
  readonly package: string;
  readonly syntax: string;
  readonly messageType: readonly DescribedMessage[];
  readonly enumType: readonly Enum[];
  readonly service: readonly { readonly name: string; readonly method: readonly Rpc[] }[];
  readonly extension: readonly Field[];
}

type Table = Readonly<Record<string, unknown>>;

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

function compiled(): File {
  const buf = at('../node_modules/.bin/buf');
  const json = execFileSync(buf, ['build', at('.'), '-o', '-#format=json'], { cwd: at('.'), maxBuffer: 1 << 24, encoding: 'utf8' });
  const image: { file: readonly File[] } = JSON.parse(json);
  const file = image.file.find(({ name }) => name === 'csi.proto');
  if (file === undefined) throw new Error('csi.proto is not in its own image');
  return file;
}

const PREFIX = '.csi.v1.';
const typeName = (name: string): string => (name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name.slice(1));

/** The names of the custom options that are set, as the table writes them. */
function custom({ options = {} }: Options): { options?: readonly string[] } {
  const names = Object.keys(options).flatMap((key) => /^\[csi\.v1\.(\w+)\]$/.exec(key)?.[1] ?? []);
  return names.length === 0 ? {} : { options: names.sort() };
}

function fieldRow(field: Field, message: DescribedMessage): Table {
  const entry = message.nestedType?.find(({ name, options }) => options?.['mapEntry'] === true && field.typeName?.endsWith(`.${name}`));
  const plain = (part: Field | undefined): string =>
    part?.typeName === undefined ? (part?.type ?? '').replace('TYPE_', '').toLowerCase() : typeName(part.typeName);
  const [key, value] = entry?.field ?? [];
  const oneof = field.oneofIndex === undefined ? undefined : message.oneofDecl?.[field.oneofIndex]?.name;
  return {
    number: field.number,
    name: field.name,
    type: entry === undefined ? plain(field) : `map<${plain(key)},${plain(value)}>`,
    ...(entry === undefined && field.label === 'LABEL_REPEATED' ? { repeated: true } : {}),
    ...(oneof === undefined ? {} : { oneof }),
    ...custom(field),
  };
}

const enumRow = (row: Enum): Table => ({
  name: row.name,
  values: row.value.map((value) => ({ number: value.number, name: value.name, ...custom(value) })),
  ...custom(row),
});

const named = <T extends { readonly name: string }>(rows: readonly T[], describe: (row: T) => unknown): Table =>
  Object.fromEntries(rows.map((row) => [row.name, describe(row)]));

function messageRow(message: DescribedMessage): Table {
  const nested = (message.nestedType ?? []).filter(({ options }) => options?.['mapEntry'] !== true);
  return {
    fields: (message.field ?? []).map((field) => fieldRow(field, message)),
    ...(nested.length === 0 ? {} : { messages: named(nested, messageRow) }),
    ...(message.enumType === undefined ? {} : { enums: named(message.enumType, enumRow) }),
    ...custom(message),
  };
}

const rpcRow = (rpc: Rpc): Table => ({
  rpc: rpc.name,
  request: typeName(rpc.inputType),
  response: typeName(rpc.outputType),
  ...custom(rpc),
});

const extensionRow = (field: Field): Table => ({
  name: field.name,
  extends: field.extendee?.slice(1),
  number: field.number,
  type: field.type.replace('TYPE_', '').toLowerCase(),
});

/** Options have no order: the table's are sorted as ours are. */
const inOrder = (_: string, value: unknown): unknown =>
  Array.isArray(value) && value.every((item) => typeof item === 'string') ? value.toSorted() : value;

const byName = (a: Table, b: Table): number => `${a['extends']} ${a['name']}`.localeCompare(`${b['extends']} ${b['name']}`, 'en');

test('the compiled descriptor is the field table, field by field', () => {
  const file = compiled();
  const table: Table & { extensions: Table[] } = JSON.parse(readFileSync(at('csi-fields.json'), 'utf8'), inOrder);
  const { specVersion, extensions, ...rest } = table;
  expect(specVersion).toBe('1.13.0');
  expect(file.extension.map(extensionRow).sort(byName)).toEqual([...extensions].sort(byName));
  expect({
    package: file.package,
    syntax: file.syntax,
    services: named(file.service, ({ method }) => method.map(rpcRow)),
    enums: named(file.enumType, enumRow),
    messages: named(file.messageType, messageRow),
  }).toEqual(rest);
});

test('only the snapshot metadata methods stream their answers', () => {
  const streaming = compiled().service.flatMap(({ method }) =>
    method.filter((rpc) => rpc.serverStreaming === true).map(({ name }) => name),
  );
  expect(streaming).toEqual(['GetMetadataAllocated', 'GetMetadataDelta']);
});

test('the text that the mock driver loads at run time has every unary method of the table', () => {
  const table: { services: Record<string, { rpc: string }[]> } = JSON.parse(readFileSync(at('csi-fields.json'), 'utf8'));
  const paths = Object.entries(table.services).flatMap(([service, rpcs]) =>
    service === 'SnapshotMetadata' ? [] : rpcs.map(({ rpc }) => `/csi.v1.${service}/${rpc}`),
  );
  expect([...loadCodec().keys()].sort()).toEqual(paths.sort());
});
