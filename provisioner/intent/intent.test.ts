import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CreateVolumeRequest, TopologyRequirement } from '../../proto/gen/csi.ts';
import { CLAIM_UID } from '../testing/objects.ts';
import { anIntent } from '../testing/states.ts';
import { encodeEntry, lacksTopology, MOST_REQUESTS, readEntry, sameIntent } from './intent.ts';
import type { Intent, ReadEntry } from './intent.ts';

/** Through the journal and back. */
const stored = (intents: readonly [Intent, ...Intent[]]): unknown => JSON.parse(JSON.stringify(encodeEntry(intents))) as unknown;
const roundTrip = (...intents: [Intent, ...Intent[]]): ReadEntry => readEntry(CLAIM_UID, stored(intents));
const asking = (change: Partial<CreateVolumeRequest>): Intent => anIntent({ request: { ...anIntent().request, ...change } });

test('what is written down is read back whole', () => {
  const intent = anIntent({
    secret: { name: 's', namespace: 'vault' },
    source: { kind: 'snapshot', namespace: 'shop', name: 'monday', uid: 'snap-1' },
    selectedNode: 'node-1',
    request: {
      ...anIntent().request,
      volumeContentSource: { type: { $case: 'snapshot', value: { snapshotId: 'handle-1' } } },
      accessibilityRequirements: {
        requisite: [{ segments: { zone: 'a' } }, { segments: { zone: 'b' } }],
        preferred: [{ segments: { zone: 'b' } }, { segments: { zone: 'a' } }],
      },
      mutableParameters: { iops: '100' },
    },
  });
  expect(roundTrip(intent)).toEqual({ kind: 'entry', intents: [intent] });
});

const words = fc.dictionary(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), { maxKeys: 3, noNullPrototype: true });
const text = fc.string({ minLength: 1, maxLength: 12 });
const terms = fc.array(fc.record({ segments: words }), { maxLength: 4 });
const capability = fc.record({
  accessMode: fc.record({ mode: fc.constantFrom(0 as const, 1 as const, 5 as const, 7 as const) }),
  accessType: fc.oneof(
    fc.constant({ $case: 'block' as const, value: {} }),
    fc.record({
      $case: fc.constant('mount' as const),
      value: fc.record({ fsType: fc.string(), mountFlags: fc.array(fc.string(), { maxLength: 2 }), volumeMountGroup: fc.constant('') }),
    }),
  ),
});
const content = fc.oneof(
  fc.constant(undefined),
  text.map((snapshotId) => ({ type: { $case: 'snapshot' as const, value: { snapshotId } } })),
  text.map((volumeId) => ({ type: { $case: 'volume' as const, value: { volumeId } } })),
);
const topology: fc.Arbitrary<TopologyRequirement | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.record({ requisite: terms, preferred: terms }),
  fc.tuple(terms, fc.nat(3)).map(([requisite, start]) => ({
    requisite,
    preferred: [...requisite.slice(start), ...requisite.slice(0, start)],
  })),
);
const bytes = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
const anyIntent: fc.Arbitrary<Intent> = fc.record({
  claim: fc.constant({ namespace: 'shop', name: 'data', uid: CLAIM_UID }),
  className: fc.constant('fast'),
  classVersion: fc.constantFrom('', 'v1'),
  request: fc.record({
    name: text,
    capacityRange: fc.record({ requiredBytes: bytes, limitBytes: bytes }),
    volumeCapabilities: fc.array(capability, { maxLength: 3 }),
    parameters: words,
    secrets: fc.constant({}),
    volumeContentSource: content,
    accessibilityRequirements: topology,
    mutableParameters: words,
  }),
  secret: fc.oneof(fc.constant(undefined), fc.record({ name: text, namespace: text })),
  source: fc.oneof(
    fc.constant(undefined),
    fc.record({ kind: fc.constantFrom('snapshot' as const, 'claim' as const), namespace: text, name: text, uid: text }),
  ),
  selectedNode: fc.oneof(fc.constant(undefined), text),
  omittedTopology: fc.constant(undefined),
});

test('whatever is written down is read back whole, in its order', () => {
  fc.assert(
    fc.property(fc.array(anyIntent, { minLength: 1, maxLength: MOST_REQUESTS }), ([first = anIntent(), ...rest]) => {
      expect(roundTrip(first, ...rest)).toEqual({ kind: 'entry', intents: [first, ...rest] });
      expect(sameIntent(first, first)).toBe(true);
    }),
    { seed: 3, numRuns: 500 },
  );
});

test('a preferred list that is no rotation is written out', () => {
  const requirements = { requisite: [{ segments: { zone: 'a' } }, { segments: { zone: 'b' } }], preferred: [{ segments: { zone: 'b' } }] };
  const intent = asking({ accessibilityRequirements: requirements });
  expect(roundTrip(intent)).toEqual({ kind: 'entry', intents: [intent] });
});

test('no secret is ever written down, even if one were in the request', () => {
  const intent = asking({ secrets: { password: 'hunter2' } });
  expect(JSON.stringify(encodeEntry([intent]))).not.toContain('hunter2');
  expect(sameIntent(intent, anIntent())).toBe(true);
});

test('of a topology that is too long the digest is written down, and what is read back is the same intent', () => {
  const many = Array.from({ length: 2000 }, (_, index) => ({ segments: { 'topology.example/node': `node-${index}` } }));
  const intent = { ...asking({ accessibilityRequirements: { requisite: many, preferred: many } }), omittedTopology: 'f00d' };
  const read = roundTrip(intent);
  if (read.kind !== 'entry') throw new Error(read.message);
  const [kept] = read.intents;
  expect(kept.request.accessibilityRequirements).toBeUndefined();
  expect([lacksTopology(intent), lacksTopology(kept), lacksTopology(anIntent())]).toEqual([false, true, false]);
  expect(JSON.stringify(encodeEntry([intent])).length).toBeLessThan(4096);
  expect(sameIntent(intent, kept)).toBe(true);
  expect(sameIntent({ ...intent, omittedTopology: 'beef' }, kept)).toBe(false);
});

test('another size, node, source, secret or topology is another intent; another writing of the same is not', () => {
  const source = { kind: 'claim', namespace: 'shop', name: 'original', uid: 'source-1' } as const;
  const others = [
    asking({ capacityRange: { requiredBytes: 9n, limitBytes: 0n } }),
    asking({ accessibilityRequirements: { requisite: [{ segments: { zone: 'a' } }], preferred: [] } }),
    anIntent({ selectedNode: 'node-1' }),
    anIntent({ source }),
    anIntent({ secret: { name: 's', namespace: 'vault' } }),
  ];
  expect(others.map((other) => sameIntent(anIntent(), other))).toEqual(others.map(() => false));
  expect(sameIntent(anIntent(), anIntent())).toBe(true);
});

// What is not believed

/** An entry as it is written, with a part of it changed. */
const damaged = (change: Record<string, unknown>): unknown => ({ ...(stored([anIntent()]) as object), ...change });
const whole = stored([anIntent()]) as { readonly claim: object; readonly requests: readonly object[] };
const withRequest = (change: Record<string, unknown>): unknown => damaged({ requests: [{ ...whole.requests[0], ...change }] });

test.each<[string, unknown]>([
  ['nothing', null],
  ['a text', 'entry'],
  ['a list', [stored([anIntent()])]],
  ['no claim', damaged({ claim: undefined })],
  ['a claim that is a text', damaged({ claim: CLAIM_UID })],
  ['another claim', damaged({ claim: { ...whole.claim, uid: 'someone-else' } })],
  ['a claim without a uid', damaged({ claim: { ...whole.claim, uid: 7 } })],
  ['a claim without a namespace', damaged({ claim: { ...whole.claim, namespace: '' } })],
  ['a claim without a name', damaged({ claim: { ...whole.claim, name: null } })],
  ['no requests', damaged({ requests: undefined })],
  ['an empty list of requests', damaged({ requests: [] })],
  [
    'more requests than are ever uncertain at once',
    damaged({ requests: Array.from({ length: MOST_REQUESTS + 1 }, () => whole.requests[0]) }),
  ],
  ['a request that is a number', damaged({ requests: [whole.requests[0], 7] })],
  ['a request without a name', withRequest({ name: '' })],
  ['a size that is a number', withRequest({ requiredBytes: 1073741824 })],
  ['a size that is negative', withRequest({ requiredBytes: '-1' })],
  ['a limit that is no size', withRequest({ limitBytes: 'much' })],
  ['an access mode that there is not', withRequest({ capabilities: [{ mode: 42, fsType: '' }] })],
  ['a capability that is a text', withRequest({ capabilities: ['mount'] })],
])('unreadable: %s', (_, value) => {
  expect(readEntry(CLAIM_UID, value).kind).toBe('unreadable');
});

test('an entry that is filed under another claim than it names is not believed', () => {
  expect(readEntry(CLAIM_UID, stored([anIntent()])).kind).toBe('entry');
  expect(readEntry('someone-else', stored([anIntent()]))).toMatchObject({ message: expect.stringContaining('another claim') });
});

test('reading never throws, whatever was written', () => {
  const fields = ['claim', 'className', 'requests', ''] as const;
  const parts = [
    'name',
    'capabilities',
    'parameters',
    'topology',
    'secret',
    'source',
    'selectedNode',
    'snapshotId',
    'requiredBytes',
  ] as const;
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(...fields), fc.constantFrom(...parts), (value, field, part) => {
      for (const odd of [field === '' ? value : damaged({ [field]: value }), withRequest({ [part]: value })])
        expect(['entry', 'unreadable']).toContain(readEntry(CLAIM_UID, odd).kind);
    }),
    { seed: 7, numRuns: 500 },
  );
});
