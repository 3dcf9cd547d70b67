/** Journals of a few calls, each with one breach, and the clause that names it. What whole trials show is in test/component/try.test.ts. */
import { expect, test } from 'vitest';
import type { AnyCall } from '../journal/call.ts';
import { NOWHERE } from '../nowhere.ts';
import { CLAUSES, judgeClauses } from './table.ts';

/** RPC, request, and the response or the code of the refusal. */
type Line = readonly [rpc: string, request: object, answer: object | number];

function journal(lines: readonly Line[]): AnyCall[] {
  return lines.map(([rpc, request, answer], index) => ({
    number: index + 1,
    rpc,
    by: 'try',
    sentMs: index * 10,
    answeredMs: index * 10 + 5,
    request,
    answer: typeof answer === 'number' ? { kind: 'refused', code: answer, message: '' } : { kind: 'ok', response: answer },
    repeated: [],
  })) as unknown as AnyCall[];
}

function broken(lines: readonly Line[]): string[] {
  return judgeClauses(journal(lines), []).flatMap(({ id, verdict }) => (verdict === 'broken' ? [id] : []));
}

const volume = (volumeId: string, more: object = {}) => ({ volume: { volumeId, capacityBytes: 10n, accessibleTopology: [], ...more } });
const snapshot = (snapshotId: string, more: object = {}) => ({
  snapshot: { snapshotId, sourceVolumeId: 'v', creationTime: { seconds: 1n, nanos: 0 }, readyToUse: true, ...more },
});
const create = (name: string, more: object = {}) => ({ name, volumeCapabilities: [{}], ...more });
const cut = (name: string, sourceVolumeId = 'v') => ({ name, sourceVolumeId });
const attach = { volumeId: 'v', nodeId: 'n' };
const [NOT_FOUND, INTERNAL, OUT_OF_RANGE] = [5, 13, 11];

test.each<[string, readonly Line[]]>([
  ['name-is-usable', [['GetPluginInfo', {}, { name: 'no name!' }]]],
  [
    'name-is-stable',
    [
      ['GetPluginInfo', {}, { name: 'a.b' }],
      ['GetPluginInfo', {}, { name: 'a.c' }],
    ],
  ],
  [
    'capabilities-are-stable',
    [
      ['GetPluginCapabilities', {}, { capabilities: [] }],
      ['GetPluginCapabilities', {}, { capabilities: [{}] }],
    ],
  ],
  ['probe-says-ready', [['Probe', {}, { ready: false }]]],
  ['volume-has-an-id', [['CreateVolume', create('a'), volume('')]]],
  [
    'ids-are-unique',
    [
      ['CreateVolume', create('a'), volume('x')],
      ['CreateVolume', create('b'), volume('x')],
    ],
  ],
  ['missing-fields-are-refused', [['CreateVolume', create(''), volume('x')]]],
  [
    'missing-source-is-not-found',
    [['CreateVolume', create('a', { volumeContentSource: { type: { $case: 'volume', value: { volumeId: NOWHERE } } } }), INTERNAL]],
  ],
  ['validate-confirms-what-was-made', [['ValidateVolumeCapabilities', { volumeId: NOWHERE }, { confirmed: { volumeCapabilities: [{}] } }]]],
  [
    'expanded-is-large-enough',
    [['ControllerExpandVolume', { volumeId: 'v', capacityRange: { requiredBytes: 5n } }, { capacityBytes: 4n }]],
  ],
  [
    'create-snapshot-again-is-the-same',
    [
      ['CreateSnapshot', cut('s'), snapshot('1')],
      ['CreateSnapshot', cut('s'), snapshot('2')],
    ],
  ],
  [
    'create-snapshot-other-source-is-refused',
    [
      ['CreateSnapshot', cut('s'), snapshot('1')],
      ['CreateSnapshot', cut('s', 'w'), INTERNAL],
    ],
  ],
  ['snapshot-of-nothing-is-not-found', [['CreateSnapshot', cut('s', NOWHERE), INTERNAL]]],
  [
    'ready-stays-ready',
    [
      ['CreateSnapshot', cut('s'), snapshot('1')],
      ['CreateSnapshot', cut('s'), snapshot('1', { readyToUse: false })],
    ],
  ],
  [
    'delete-snapshot-again-is-fine',
    [
      ['DeleteSnapshot', { snapshotId: '1' }, {}],
      ['DeleteSnapshot', { snapshotId: '1' }, NOT_FOUND],
    ],
  ],
  [
    'group-is-whole',
    [
      [
        'CreateVolumeGroupSnapshot',
        { sourceVolumeIds: ['v', 'w'] },
        { groupSnapshot: { groupSnapshotId: 'g', snapshots: [{ sourceVolumeId: 'v' }] } },
      ],
    ],
  ],
  ['pages-are-no-longer-than-asked', [['ListVolumes', { maxEntries: 1, startingToken: '' }, { entries: [{}, {}] }]]],
  ['bad-token-is-aborted', [['ListVolumes', { maxEntries: 0, startingToken: NOWHERE }, OUT_OF_RANGE]]],
  ['node-has-an-id', [['NodeGetInfo', {}, { nodeId: '' }]]],
  [
    'attach-again-is-fine',
    [
      ['ControllerPublishVolume', attach, {}],
      ['ControllerPublishVolume', attach, INTERNAL],
    ],
  ],
  ['attach-of-nothing-is-not-found', [['ControllerPublishVolume', { volumeId: NOWHERE, nodeId: 'n' }, {}]]],
  [
    'stage-again-is-fine',
    [
      ['NodeStageVolume', { volumeId: 'v', stagingTargetPath: '/s' }, {}],
      ['NodeStageVolume', { volumeId: 'v', stagingTargetPath: '/s' }, INTERNAL],
    ],
  ],
])('%s is named, and nothing else is', (id, lines) => {
  expect(broken(lines)).toEqual([id]);
});

test.each<[string, readonly Line[]]>([
  [
    'a name that is used again after its volume was deleted',
    [
      ['CreateVolume', create('a'), volume('1')],
      ['DeleteVolume', { volumeId: '1' }, {}],
      ['CreateVolume', create('a'), volume('2')],
    ],
  ],
  [
    'a call that is told to come again',
    [
      ['CreateVolume', create('a'), volume('1')],
      ['CreateVolume', create('a', { capacityRange: { requiredBytes: 99n, limitBytes: 0n } }), 10],
    ],
  ],
  [
    'a volume that was published, taken back and published again',
    [
      ['NodePublishVolume', { volumeId: 'v', targetPath: '/t' }, {}],
      ['NodeUnpublishVolume', { volumeId: 'v', targetPath: '/t' }, {}],
      ['NodePublishVolume', { volumeId: 'v', targetPath: '/t' }, INTERNAL],
    ],
  ],
  [
    'a size that the driver does not know, whatever is asked for then',
    [
      ['CreateVolume', create('a'), volume('1', { capacityBytes: 0n })],
      ['CreateVolume', create('a', { capacityRange: { requiredBytes: 9n, limitBytes: 0n } }), volume('1', { capacityBytes: 0n })],
    ],
  ],
])('%s breaks nothing', (_what, lines) => {
  expect(broken(lines)).toEqual([]);
});

test('what nothing was about is neither kept nor broken', () => {
  expect(new Set(judgeClauses([], []).map(({ verdict }) => verdict))).toEqual(new Set(['unseen']));
});

test('what a step saw counts, whether a call shows it or not', () => {
  const [kept, failed] = ['restored-bytes', 'cloned-bytes'];
  const results = judgeClauses([], [{ clause: kept }, { clause: failed, breach: 'other bytes' }]);
  expect(results.filter(({ id }) => id === kept || id === failed).map(({ verdict }) => verdict)).toEqual(['kept', 'broken']);
});

test('no two clauses have one id, and each is a sentence', () => {
  expect(new Set(CLAUSES.map(({ id }) => id)).size).toBe(CLAUSES.length);
  for (const { sentence, section } of CLAUSES) expect(`${sentence} ${section}`).toMatch(/^[A-Z].*\. [A-Z]/);
});
