import { describe, expect, test } from 'vitest';
import { CAUSE } from '../failure-note.ts';
import { IS_DEFAULT_CLASS } from '../names.ts';
import { aBindingState, confirmedAll, deleting, failure, reasons } from '../testing/binding-state.ts';
import { DRIVER, aClaim, aClass, aSnapshot, aVolume, noted } from '../testing/objects.ts';
import { decide } from './decide.ts';

describe('what stands in the way of a dynamic snapshot', () => {
  test.each([
    ['a claim that is not bound', { claim: aClaim({ status: { phase: 'Pending' } }) }, /not yet bound/],
    ['a claim that is being deleted', { claim: aClaim({ metadata: deleting }) }, /is being deleted/],
    ['a claim that is missing', { claim: null }, /default\/data was not found/],
    ['a volume that is missing', { volume: null }, /failed to retrieve PV pv-data/],
    [
      'a volume bound to another claim',
      { volume: aVolume({ claimRef: { name: 'data', namespace: 'default', uid: 'older' } }) },
      /is not bound to claim/,
    ],
    [
      'a volume bound to a claim of another namespace',
      { volume: aVolume({ claimRef: { name: 'data', namespace: 'elsewhere' } }) },
      /is not bound to claim/,
    ],
    [
      'a volume bound to a claim of another name',
      { volume: aVolume({ claimRef: { name: 'other', namespace: 'default' } }) },
      /is not bound to claim/,
    ],
    ['a volume that is no CSI volume', { volume: { spec: { claimRef: { name: 'data', namespace: 'default' } } } }, /no CSI volume/],
    [
      'a class of another driver',
      { snapshotClass: aClass({ driver: 'other.csi.example' }) },
      /of driver other\.csi\.example .* of driver mock\.csi\.example/,
    ],
    [
      'a class with half a secret',
      { snapshotClass: aClass({ parameters: { 'csi.storage.k8s.io/snapshotter-secret-name': 'x' } }) },
      /either name and namespace for Snapshotter secrets specified, Both must be specified/,
    ],
  ])('%s is told and nothing is made', (_, missing, message) => {
    const told = failure(aBindingState({ ...missing, confirmed: confirmedAll }));
    expect(told.message).toMatch(message);
    expect(told.events).toEqual(['Warning SnapshotContentCreationFailed']);
    expect(told.readyToUse).toBe(false);
  });

  test.each([
    ['class', { snapshotClass: undefined }, 'snap'],
    ['claim', { claim: null }, 'data'],
    ['volume', { volume: null }, 'pv-data'],
  ] as const)('a missing %s is read live before anybody is told', (needed, missing, name) => {
    expect(decide(aBindingState(missing))).toMatchObject({ kind: 'confirm', needed, name });
  });

  test('a missing class is told without touching readiness', () => {
    const told = failure(aBindingState({ snapshotClass: undefined, confirmed: confirmedAll }));
    expect(told).toMatchObject({ events: ['Warning GetSnapshotClassFailed'], readyToUse: undefined });
  });

  test('what is told already is neither written nor read again', () => {
    const { message } = failure(aBindingState({ claim: null, confirmed: confirmedAll }));
    const status = { readyToUse: false, error: { time: '2020-01-01T00:00:00Z', message } };
    const told = aSnapshot({ metadata: { annotations: noted(CAUSE.missing) }, status });
    expect(decide(aBindingState({ claim: null, snapshot: told }))).toMatchObject({ kind: 'done' });
  });

  test.each([
    ['create-content', 'CreateSnapshotContentFailed'],
    ['protect-claim', 'SnapshotContentCreationFailed'],
    ['bind-content', 'SnapshotBindFailed'],
  ] as const)('a refusal of %s stands in the status, and is told at each attempt', (effect, repeated) => {
    const refusal = { effect, message: 'forbidden', cause: CAUSE.invalid };
    const told = failure(aBindingState({ refusal }));
    expect(told).toMatchObject({ message: expect.stringMatching(/forbidden$/), readyToUse: false });
    const metadata = { annotations: noted(CAUSE.invalid) };
    const after = aSnapshot({ metadata, status: { readyToUse: false, error: { message: told.message } } });
    const step = decide(aBindingState({ refusal, snapshot: after }));
    expect(step).toMatchObject({ kind: 'retry', backoff: effect, events: [{ type: 'Warning', reason: repeated }] });
    expect(told.events.concat(reasons('events' in step ? step.events : []))).toHaveLength(effect === 'create-content' ? 2 : 1);
  });

  test('neither or both sources are invalid', () => {
    for (const source of [{}, { persistentVolumeClaimName: 'data', volumeSnapshotContentName: 'x' }])
      expect(failure(aBindingState({ snapshot: aSnapshot({ spec: { source } }) })).events).toEqual(['Warning SnapshotValidationError']);
  });
});

describe('a snapshot without a class', () => {
  const unnamed = aSnapshot({ spec: { source: { persistentVolumeClaimName: 'data' } } });
  const marked = (name: string, driver = DRIVER) => aClass({ metadata: { name, annotations: { [IS_DEFAULT_CLASS]: 'true' } }, driver });

  test('takes the only default of its driver, on condition that it is unchanged', () => {
    const state = aBindingState({
      snapshot: unnamed,
      snapshotClass: undefined,
      defaultClasses: [marked('theirs', 'other.csi.example'), marked('ours')],
    });
    expect(decide(state)).toMatchObject({
      kind: 'set-class',
      patch: { body: { metadata: { resourceVersion: '10' }, spec: { volumeSnapshotClassName: 'ours' } } },
    });
  });

  test('is refused where there is none, or several, which are named', () => {
    const none = failure(aBindingState({ snapshot: unnamed, snapshotClass: undefined }));
    expect(none.events).toEqual(['Warning SetDefaultSnapshotClassFailed']);
    const several = failure(aBindingState({ snapshot: unnamed, snapshotClass: undefined, defaultClasses: [marked('b'), marked('a')] }));
    expect(several.message).toMatch(/a, b/);
  });

  test('is refused while its claim is not bound', () => {
    const told = failure(
      aBindingState({
        snapshot: unnamed,
        snapshotClass: undefined,
        claim: aClaim({ status: { phase: 'Pending' } }),
        defaultClasses: [marked('a')],
      }),
    );
    expect(told.events).toEqual(['Warning SetDefaultSnapshotClassFailed']);
  });
});
