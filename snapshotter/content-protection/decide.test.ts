import { expect, test } from 'vitest';
import { CONTENT_PROTECTION, GROUP_HANDLE } from '../names.ts';
import { aContent, aGivenContent } from '../testing/objects.ts';
import { decide } from './decide.ts';

const bare = { metadata: { finalizers: [] } };

test('a bound content without the finalizer gets it', () => {
  expect(decide({ content: aContent(bare) })).toMatchObject({
    kind: 'protect-content',
    patch: { operations: [{ op: 'test' }, { op: 'add', value: [CONTENT_PROTECTION] }] },
  });
});

test.each([
  ['is protected', aContent()],
  ['is not bound yet', aGivenContent()],
  ['is being deleted', aContent({ metadata: { finalizers: [], deletionTimestamp: '2026-01-01T00:00:00Z' } })],
  ['belongs to a group', aContent({ metadata: { finalizers: [], annotations: { [GROUP_HANDLE]: 'g' } } })],
])('a content that %s is left as it is', (_, content) => {
  expect(decide({ content })).toMatchObject({ kind: 'done' });
});

test.each([{}, { volumeHandle: 'v', snapshotHandle: 's' }])('a content with source %j is told to be invalid', (source) => {
  expect(decide({ content: aContent({ spec: { source } }) })).toMatchObject({
    kind: 'done',
    events: [{ reason: 'ContentValidationError', type: 'Warning' }],
  });
});
