import { expect, test } from 'vitest';
import { VolumeCapability_AccessMode_Mode as MODE } from '../../proto/gen/csi.ts';
import { wholeDraftOf } from '../testing/drafts.ts';
import { requestOf } from './request.ts';
import type { Draft, DraftInput } from './request.ts';
import { aClaim, aClass, VOLUME_NAME } from '../testing/objects.ts';

const input = (change: Partial<DraftInput> = {}): DraftInput => ({
  claim: aClaim(),
  class: aClass(),
  volumeName: VOLUME_NAME,
  defaultFsType: '',
  extraCreateMetadata: false,
  singleNodeMultiWriter: false,
  ...change,
});

function draft(change: Partial<DraftInput> = {}): Draft {
  const result = wholeDraftOf(input(change));
  if (result.kind !== 'draft') throw new Error(result.message);
  return result.draft;
}

const problem = (change: Partial<DraftInput>): string => {
  const result = wholeDraftOf(input(change));
  return result.kind === 'invalid' ? result.message : 'no problem';
};

test('a plain claim makes the whole request', () => {
  expect(requestOf(draft({ class: aClass({ mountOptions: ['noatime'] }), defaultFsType: 'ext4' }), {})).toEqual({
    name: VOLUME_NAME,
    capacityRange: { requiredBytes: 1073741824n, limitBytes: 0n },
    volumeCapabilities: [
      {
        accessType: { $case: 'mount', value: { fsType: 'ext4', mountFlags: ['noatime'], volumeMountGroup: '' } },
        accessMode: { mode: MODE.SINGLE_NODE_WRITER },
      },
    ],
    parameters: { kind: 'ssd' },
    secrets: {},
    volumeContentSource: undefined,
    accessibilityRequirements: undefined,
    mutableParameters: {},
  });
});

test('sizes are rounded up to whole bytes; none is none', () => {
  expect(draft({ claim: aClaim({ resources: { requests: { storage: '1500m' } } }) }).requestedBytes).toBe(2n);
  expect(draft({ claim: aClaim({ resources: {} }) }).requestedBytes).toBe(0n);
  expect(problem({ claim: aClaim({ resources: { requests: { storage: 'much' } } }) })).toContain('quantity');
});

test.each([
  ['ReadWriteOnce', MODE.SINGLE_NODE_WRITER, MODE.SINGLE_NODE_MULTI_WRITER],
  ['ReadWriteOncePod', MODE.SINGLE_NODE_WRITER, MODE.SINGLE_NODE_SINGLE_WRITER],
  ['ReadOnlyMany', MODE.MULTI_NODE_READER_ONLY, MODE.MULTI_NODE_READER_ONLY],
  ['ReadWriteMany', MODE.MULTI_NODE_MULTI_WRITER, MODE.MULTI_NODE_MULTI_WRITER],
])('access mode %s', (mode, usual, split) => {
  const claim = aClaim({ accessModes: [mode] });
  expect(draft({ claim }).capabilities.map(({ accessMode }) => accessMode?.mode)).toEqual([usual]);
  expect(draft({ claim, singleNodeMultiWriter: true }).capabilities.map(({ accessMode }) => accessMode?.mode)).toEqual([split]);
});

test('each access mode is a capability of its own, and an unknown one is refused', () => {
  expect(draft({ claim: aClaim({ accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] }) }).capabilities).toHaveLength(2);
  expect(problem({ claim: aClaim({ accessModes: ['WriteOnly'] }) })).toContain('WriteOnly');
});

test('an access mode that is repeated, however often, is asked for once', () => {
  const accessModes = Array.from({ length: 5000 }, (_, index) => (index % 2 === 0 ? 'ReadWriteOnce' : 'ReadOnlyMany'));
  expect(draft({ claim: aClaim({ accessModes }) }).capabilities).toHaveLength(2);
});

test('a claim that names no volume mode gets a file system', () => {
  const { volumeMode: _, ...spec } = aClaim().spec ?? {};
  expect(draft({ claim: { ...aClaim(), spec }, defaultFsType: 'ext4' })).toMatchObject({ block: false, fsType: 'ext4' });
});

test('a block volume has no file system', () => {
  const block = draft({ claim: aClaim({ volumeMode: 'Block' }), defaultFsType: 'ext4' });
  expect(block).toMatchObject({ block: true, fsType: '', capabilities: [{ accessType: { $case: 'block' } }] });
});

test.each([
  ['the reserved key', { 'csi.storage.k8s.io/fstype': 'xfs' }, 'xfs', {}],
  ['the old key, which the driver sees too', { fsType: 'xfs' }, 'xfs', { fsType: 'xfs' }],
  ['the default', {}, 'ext4', {}],
])('file system by %s', (_, parameters, fsType, passed) => {
  expect(draft({ class: aClass({ parameters }), defaultFsType: 'ext4' })).toMatchObject({ fsType, parameters: passed });
});

test('a file system named twice is refused', () => {
  expect(problem({ class: aClass({ parameters: { 'csi.storage.k8s.io/fstype': 'xfs', FSTYPE: 'ext4' } }) })).toContain('both');
});

test('reserved parameters do not reach the driver, unknown reserved ones are refused', () => {
  const parameters = {
    kind: 'ssd',
    'csi.storage.k8s.io/node-publish-secret-name': 'a',
    'csi.storage.k8s.io/node-publish-secret-namespace': 'b',
    csiNodeStageSecretName: 'c',
    csiNodeStageSecretNamespace: 'd',
  };
  const made = draft({ class: aClass({ parameters }) });
  expect(made.parameters).toEqual({ kind: 'ssd', csiNodeStageSecretName: 'c', csiNodeStageSecretNamespace: 'd' });
  expect(made.secrets).toEqual({ 'node-publish': { name: 'a', namespace: 'b' }, 'node-stage': { name: 'c', namespace: 'd' } });
  expect(problem({ class: aClass({ parameters: { 'csi.storage.k8s.io/typo': 'x' } }) })).toContain('csi.storage.k8s.io/typo');
});

test('names of claim and volume are told where asked for', () => {
  expect(draft({ extraCreateMetadata: true }).parameters).toEqual({
    kind: 'ssd',
    'csi.storage.k8s.io/pvc/name': 'data',
    'csi.storage.k8s.io/pvc/namespace': 'shop',
    'csi.storage.k8s.io/pv/name': VOLUME_NAME,
  });
});

test('a selector is refused', () => {
  expect(problem({ claim: aClaim({ selector: { matchLabels: { a: 'b' } } }) })).toBe('claim Selector is not supported');
});

test('labels that are listed are told the driver under a reserved name, others and missing ones are not', () => {
  const claim = aClaim({ metadata: { labels: { team: 'blue', 'corp.example/cost': '', tier: 'gold' } } });
  const { parameters, labels } = draft({ claim, copiedLabels: ['team', 'corp.example/cost', 'nobody', 'constructor'] });
  expect(labels).toEqual({ team: 'blue', 'corp.example/cost': '' });
  expect(parameters).toEqual({
    kind: 'ssd',
    'csi.storage.k8s.io/pvc/labels/team': 'blue',
    'csi.storage.k8s.io/pvc/labels/corp.example/cost': '',
  });
  expect(draft({ claim })).toMatchObject({ parameters: { kind: 'ssd' }, labels: {} });
});
