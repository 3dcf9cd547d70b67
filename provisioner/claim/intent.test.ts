import fc from 'fast-check';
import { expect, test } from 'vitest';
import { driverLabel, intentLease, MAX_INTENT_BYTES, readIntent, recordable, sameIntent } from './intent.ts';
import type { Intent } from './intent.ts';
import { INTENT_ANNOTATION } from '../names.ts';
import { anIntent } from '../testing/states.ts';
import { CLAIM_UID, DRIVER } from '../testing/objects.ts';

const place = { driver: DRIVER, namespace: 'csi' };
const roundTrip = (intent: Intent) => readIntent(JSON.parse(JSON.stringify(intentLease(intent, place))));

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
  expect(roundTrip(intent)).toEqual({ kind: 'intent', intent });
});

test('a preferred list that is no rotation is written out', () => {
  const requirements = { requisite: [{ segments: { zone: 'a' } }, { segments: { zone: 'b' } }], preferred: [{ segments: { zone: 'b' } }] };
  const intent = anIntent({ request: { ...anIntent().request, accessibilityRequirements: requirements } });
  expect(roundTrip(intent)).toEqual({ kind: 'intent', intent });
});

test('no secret is ever written down, even if one were in the request', () => {
  const lease = intentLease(anIntent({ request: { ...anIntent().request, secrets: { password: 'hunter2' } } }), place);
  expect(JSON.stringify(lease)).not.toContain('hunter2');
});

test('the lease is found by driver and claim', () => {
  const { metadata } = intentLease(anIntent(), place);
  expect(metadata).toMatchObject({ name: `csi-intent-${CLAIM_UID}`, namespace: 'csi', labels: { 'csi-sidecars/intent-driver': DRIVER } });
});

test('a topology that is too long is left out and told by its digest', () => {
  const terms = Array.from({ length: 2000 }, (_, index) => ({ segments: { 'topology.example/node': `node-${index}` } }));
  const intent = anIntent({ request: { ...anIntent().request, accessibilityRequirements: { requisite: terms, preferred: terms } } });
  const kept = recordable(intent);
  expect(kept.request.accessibilityRequirements).toBeUndefined();
  expect(kept.omittedTopology).toMatch(/^[0-9a-f]{64}$/);
  expect(intentLease(intent, place).metadata?.annotations?.[INTENT_ANNOTATION]?.length).toBeLessThan(MAX_INTENT_BYTES);
  expect(sameIntent(intent, kept)).toBe(true);
});

test("a claim's new version is not a new intent, another size is", () => {
  const other = anIntent();
  const newer = {
    ...other,
    plan: { ...other.plan, spec: { ...other.plan.spec, claimRef: { ...other.plan.spec?.claimRef, resourceVersion: '999' } } },
  };
  expect(sameIntent(other, newer)).toBe(true);
  const larger = { ...other, request: { ...other.request, capacityRange: { requiredBytes: 9n, limitBytes: 0n } } };
  expect(sameIntent(other, larger)).toBe(false);
});

test.each([
  ['no annotation', {}],
  ['no JSON', { [INTENT_ANNOTATION]: '{' }],
  ['another version', { [INTENT_ANNOTATION]: '{"version":2}' }],
  ['missing parts', { [INTENT_ANNOTATION]: '{"version":1,"claim":{"uid":"u"}}' }],
])('unreadable: %s', (_, annotations) => {
  expect(readIntent({ metadata: { name: `csi-intent-${CLAIM_UID}`, annotations } }).kind).toBe('unreadable');
});

test("a record under another claim's name is not believed", () => {
  const lease = intentLease(anIntent(), place);
  expect(readIntent({ ...lease, metadata: { ...lease.metadata, name: 'csi-intent-someone-else' } }).kind).toBe('unreadable');
});

test('reading never throws, whatever was written', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('claim', 'request', 'plan', 'secret', 'source', 'version', ''), (value, field) => {
      const whole = JSON.parse(intentLease(anIntent(), place).metadata?.annotations?.[INTENT_ANNOTATION] ?? '') as Record<string, unknown>;
      const damaged = field === '' ? value : { ...whole, [field]: value };
      const read = readIntent({
        metadata: { name: `csi-intent-${CLAIM_UID}`, annotations: { [INTENT_ANNOTATION]: JSON.stringify(damaged) } },
      });
      expect(['intent', 'unreadable']).toContain(read.kind);
    }),
    { seed: 7, numRuns: 300 },
  );
});

test('a driver name that is no label value is told by its digest', () => {
  expect(driverLabel('mock.csi.example')).toBe('mock.csi.example');
  expect(driverLabel(`${'a'.repeat(64)}`)).toMatch(/^sha256-[0-9a-f]{40}$/);
});
