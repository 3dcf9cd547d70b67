/**
 * The table of what the Go programs' own tests, and those of their CRDs, check of snapshots, and which test of ours checks
 * the same: `snapshotter.json`. An entry is one case of theirs: `id` is folder, file and case; `test` names ours, with `row` a piece of the line of its table
 * where it has one; `none` says why there is none. What is checked here is that the table is whole and that each named test is there.
 */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import table from './snapshotter.json' with { type: 'json' };

interface Entry {
  readonly id: string;
  readonly theme: string;
  readonly behaviour: string;
  readonly test?: { readonly file: string; readonly name: string; readonly row?: string };
  readonly none?: string;
}

const entries: readonly Entry[] = table;

/** Cases in each file of theirs: external-snapshotter v8.7.0, and its client v8.6.0 for the CRDs. */
const COUNTS: Readonly<Record<string, number>> = {
  'common-controller/snapshot_create': 11,
  'common-controller/snapshot_update': 40,
  'common-controller/snapshot_delete': 16,
  'common-controller/snapshot_finalizer': 8,
  'common-controller/snapshotclass': 4,
  'common-controller/snapshot_controller': 3,
  'common-controller/snapshot_controller_base': 2,
  'common-controller/groupsnapshot_create': 11,
  'common-controller/groupsnapshot_delete': 4,
  'common-controller/groupsnapshot_finalizer': 3,
  'common-controller/groupsnapshot_sync': 12,
  'common-controller/groupsnapshot_update': 3,
  'common-controller/groupsnapshot_helper': 18,
  'sidecar-controller/content_create': 9,
  'sidecar-controller/snapshot_delete': 17,
  'sidecar-controller/snapshot_controller': 6,
  'sidecar-controller/csi_handler': 15,
  'sidecar-controller/groupsnapshot_controller': 44,
  'sidecar-controller/groupsnapshot_helper': 14,
  'snapshotter/snapshotter': 14,
  'group_snapshotter/group_snapshotter': 10,
  'metrics/metrics': 11,
  'utils/util': 47,
  'utils/conversion': 2,
  'utils/pvs': 3,
  'utils/vgs': 12,
  'cmd/csi-snapshotter': 5,
  'webhook/convert': 6,
  'webhook/webhook': 1,
  'client/cel-tests': 53,
};

/** Cases of the conformance suite have files of their own, which its tests run under the `name` of the case. */
const isTestFile = (file: string): boolean => file.endsWith('.test.ts') || file.startsWith('test/conformance/cases/');

/** The titles in a source text: the first string of `test(…)`, or of what follows the table of `test.each(…)`, or a `name: …`. */
function titlesIn(text: string): ReadonlySet<string> {
  const call = /(?:^|[^\w.])test(?:\.\w+)*\(\s*|\)\(\s*|^ {4}name: /;
  const literal = /'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/;
  const pattern = new RegExp(`(?:${call.source})(?:${literal.source})`, 'gm');
  return new Set([...text.matchAll(pattern)].map(([, single, double, template]) => single ?? double ?? template ?? ''));
}

const ofFile = ({ id }: Entry): string => id.split(' ')[0] ?? '';

test('every case of theirs stands in the table once, under its file', () => {
  expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
  const counts: Record<string, number> = {};
  for (const entry of entries) counts[ofFile(entry)] = (counts[ofFile(entry)] ?? 0) + 1;
  expect(counts).toEqual(COUNTS);
});

test('every case says what it is about, and names a test or the reason why there is none', () => {
  for (const { id, theme, behaviour, test: ours, none } of entries) {
    expect(
      [theme, behaviour].every((text) => text.length > 0),
      id,
    ).toBe(true);
    expect((ours === undefined) !== (none === undefined || none === ''), id).toBe(true);
  }
});

test('every named test is there, in a file that a layer runs', () => {
  const missing = entries.flatMap(({ id, test: ours }) => {
    if (ours === undefined) return [];
    const { file, name, row } = ours;
    if (!isTestFile(file) || !existsSync(file)) return [`${id}: no test file ${file}`];
    const text = readFileSync(file, 'utf8');
    if (!titlesIn(text).has(name)) return [`${id}: ${file} has no test "${name}"`];
    return row === undefined || text.includes(row) ? [] : [`${id}: ${file} has no row ${row}`];
  });
  expect(missing).toEqual([]);
});

test('the table is counted', () => {
  const line = (name: string, of: readonly Entry[]): string =>
    `${name}: ${of.length} cases, ${of.filter((entry) => entry.test !== undefined).length} mirrored`;
  const lines = Object.keys(COUNTS).map((file) =>
    line(
      file,
      entries.filter((entry) => ofFile(entry) === file),
    ),
  );
  process.stdout.write(`${[...lines, line('all', entries)].join('\n')}\n`);
  expect(lines).not.toEqual([]);
});
