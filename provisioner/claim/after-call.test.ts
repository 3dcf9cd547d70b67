import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../lib/csi/outcome.ts';
import { GrpcCode } from '../../lib/csi/grpc-code.ts';
import type { Intent } from '../intent/intent.ts';
import type { OpenOperation, Operation } from '../intent/operation.ts';
import { NO_OPERATION } from '../intent/operation.ts';
import { STORAGE_PROVISIONER } from '../facts/names.ts';
import { aClaim, aClass, CLAIM_UID, DRIVER, VOLUME_NAME } from '../testing/objects.ts';
import { aState, anIntent, anOpen, settings } from '../testing/states.ts';
import { absorb } from './absorb.ts';
import { decide } from './decide.ts';
import type { CallFailure, CallPurpose, ClaimState } from './state.ts';

const request = (kind: string): Intent => anIntent({ request: { ...anIntent().request, parameters: { kind } } });
const [OLD, OLDER] = [request('old'), request('older')];
const CLOSING: Operation = { phase: 'closing', name: VOLUME_NAME };

interface RefusalChange {
  readonly outcome?: Outcome;
  readonly purpose?: CallPurpose;
}
const refusal = (code: keyof typeof GrpcCode, { outcome = 'failed', purpose = 'attempt' }: RefusalChange = {}): CallFailure => ({
  kind: 'refused',
  purpose,
  outcome,
  grpcCode: GrpcCode[code],
  message: 'rpc error',
});

type Change = Omit<Parameters<typeof aState>[0] & object, 'callFailure'> & { readonly operation?: Operation };
const after = (callFailure: CallFailure, { operation = CLOSING, ...change }: Change = {}): ClaimState =>
  aState({ ...change, callFailure, progress: { operation } });
const step = (callFailure: CallFailure, change?: Change) => decide(after(callFailure, change));

/** What may be left of an earlier request, and what was answered last. */
const open = (uncertain: readonly Intent[], call: OpenOperation['call'] = 'final'): OpenOperation => anOpen({ call, uncertain });

test('an unknown answer is told and asked again', () => {
  expect(step(refusal('DEADLINE_EXCEEDED', { outcome: 'unknown' }), { operation: open([anIntent()], 'unknown') })).toMatchObject({
    kind: 'retry',
    backoff: 'create-volume',
    events: [{ type: 'Warning', reason: 'ProvisioningFailed', message: 'rpc error' }],
  });
});

describe.each([
  ['without a past', CLOSING],
  ['after an unknown answer', open([anIntent()])],
  ['after an unknown answer to another request', open([OLD])],
])('a final answer %s', (_, operation) => {
  test('fails at once', () => {
    const failed = step(refusal('INTERNAL'), { operation });
    expect(failed).toMatchObject({
      kind: 'retry',
      backoff: 'create-volume',
      reason: 'rpc error',
      events: [{ reason: 'ProvisioningFailed' }],
    });
    expect(failed).not.toHaveProperty('atLeastMs');
  });

  test('pauses at once where the claim itself is wrong', () => {
    expect(step(refusal('INVALID_ARGUMENT'), { operation })).toMatchObject({
      kind: 'retry',
      backoff: 'create-volume',
      atLeastMs: 300_000,
      events: [
        { message: expect.stringMatching(/^Volume provisioning failed with infeasible error\. Retries will be delayed\. rpc error/) },
      ],
    });
  });

  test('sends the claim to another node at once', () => {
    const annotations = { [STORAGE_PROVISIONER]: DRIVER, 'volume.kubernetes.io/selected-node': 'node-1' };
    const claim = aClaim({ metadata: { annotations } });
    const change = {
      claim,
      operation,
      class: aClass({ volumeBindingMode: 'WaitForFirstConsumer' }),
      settings: settings({ topology: true }),
    };
    const full = after(refusal('RESOURCE_EXHAUSTED', { outcome: 'reschedule' }), change);
    const effect = decide(full);
    expect(effect).toMatchObject({ kind: 'reschedule', claim, before: [{ type: 'Warning', reason: 'ProvisioningFailed' }] });
    if (effect.kind !== 'reschedule') throw new Error(effect.kind);
    expect(decide(absorb(full, effect, { kind: 'rescheduled', claim: aClaim() }))).toEqual({
      kind: 'done',
      reason: 'no node is selected yet',
    });
  });
});

test('a missing secret is told, and nothing of an earlier request is asked for because of it', () => {
  const failure = {
    kind: 'no-secret',
    purpose: 'attempt',
    message: 'error getting secret s in namespace vault: secrets "s" not found',
  } as const;
  for (const operation of [NO_OPERATION, open([OLD])])
    expect(step(failure, { operation })).toMatchObject({
      kind: 'retry',
      backoff: 'create-volume',
      events: [{ reason: 'Provisioning' }, { message: failure.message }],
    });
});

test('a volume that does not fit is told once it is deleted', () => {
  const failure = { kind: 'unfit', purpose: 'attempt', message: 'too small' } as const;
  expect(step(failure, { operation: anOpen({ unwanted: { handle: 'vol-9', madeBy: anIntent() } }) }).kind).toBe('delete-unwanted');
  expect(step(failure, { operation: open([anIntent()]) })).toMatchObject({
    kind: 'retry',
    backoff: 'create-volume',
    events: [{ message: expect.stringContaining('too small') }],
  });
});

describe('a name that the driver knows under other properties', () => {
  const exists = refusal('ALREADY_EXISTS');

  test('is a plain failure where no earlier request may have made it', () => {
    for (const operation of [CLOSING, NO_OPERATION, open([anIntent()])])
      expect(step(exists, { operation })).toMatchObject({
        kind: 'retry',
        backoff: 'create-volume',
        events: [
          {
            reason: 'ProvisioningFailed',
            message: `${exists.message} (nothing here tells of the request that made it, as after the restore of a backup: delete that volume in the storage if nobody needs it, or create the claim anew)`,
          },
        ],
      });
  });

  test('is asked for by the earlier request, for nobody', () => {
    expect(step(exists, { operation: open([OLD]) })).toMatchObject({
      kind: 'create-volume',
      purpose: 'recover',
      intent: OLD,
      plan: { spec: { persistentVolumeReclaimPolicy: 'Delete' } },
      before: [],
    });
  });

  test('is asked for with the secret of that request', () => {
    const secret = { name: 's', namespace: 'vault' };
    const operation = open([{ ...OLD, secret }]);
    expect(step(exists, { operation })).toMatchObject({ kind: 'read-secret', secret, purpose: 'recover' });
    expect(step(exists, { operation, secret: { of: secret, reveal: () => ({}) } }).kind).toBe('create-volume');
  });

  test('is asked for by each of the earlier requests in turn, and by each once a run', () => {
    const operation = open([anIntent(), OLD, OLDER]);
    const asked: unknown[] = [];
    let state = after(exists, { operation });
    for (let next = decide(state); next.kind === 'create-volume'; next = decide(state)) {
      asked.push(next.intent.request.parameters['kind']);
      state = absorb(state, next, { kind: 'called', failure: refusal('ALREADY_EXISTS', { purpose: 'recover' }), progress: state.progress });
    }
    expect(asked).toEqual(['old', 'older']);
    expect(decide(state)).toMatchObject({ kind: 'retry', backoff: 'create-volume', events: [{ reason: 'ProvisioningFailed' }] });
  });

  test('is deleted, and then the new request goes again', () => {
    const state = after(exists, { operation: open([OLD]) });
    const recover = decide(state);
    if (recover.kind !== 'create-volume') throw new Error(recover.kind);
    const operation = { ...open([OLD]), unwanted: { handle: 'vol-old', madeBy: OLD } };
    const found = absorb(state, recover, { kind: 'called', failure: undefined, progress: { ...state.progress, operation } });
    const removal = decide(found);
    expect(removal).toMatchObject({ kind: 'delete-unwanted', handle: 'vol-old' });
    if (removal.kind !== 'delete-unwanted') throw new Error(removal.kind);
    const deleted = absorb(found, removal, {
      kind: 'deleted',
      failure: undefined,
      progress: { ...state.progress, operation: open([OLD]) },
    });
    expect(decide(deleted)).toMatchObject({ kind: 'write-intent', intent: anIntent() });
  });

  test('is not asked for by an entry that does not fit', () => {
    expect(step(exists, { operation: open([OLD]), misfit: 'x' })).toMatchObject({ kind: 'retry', backoff: 'create-volume' });
  });
});

// The claim left while its volume was asked for

test('a claim that left meanwhile is done with after a final answer, and settled after an unknown one', () => {
  const gone = { claim: undefined };
  expect(step(refusal('INTERNAL'), gone).kind).toBe('done');
  const unknown = refusal('UNAVAILABLE', { outcome: 'unknown' });
  expect(step(unknown, { ...gone, operation: open([anIntent()], 'unknown') })).toMatchObject({ kind: 'retry', backoff: 'settle' });
  expect(step(refusal('ALREADY_EXISTS'), { ...gone, operation: open([OLD]) })).toMatchObject({ kind: 'retry', backoff: 'settle' });
});

test('a secret that vanished leaves what may exist on the account of a claim that is gone', () => {
  const failure = { kind: 'no-secret', purpose: 'settle', message: 'x' } as const;
  const held = step(failure, { claim: undefined, operation: open([anIntent()], 'unknown') });
  expect(held).toMatchObject({ kind: 'retry', backoff: 'settle' });
});

// The account of a claim that is gone

test('what is settled is over with a final answer, and is asked for again after an unknown one', () => {
  const settling = refusal('INTERNAL', { purpose: 'settle' });
  expect(step(settling, { claim: undefined }).kind).toBe('done');
  expect(step(settling, { claim: undefined, operation: open([anIntent()]) })).toMatchObject({ kind: 'retry', backoff: 'settle' });
});

test('an administrator is told of it once it is ten minutes old, on the Lease, and nobody before', () => {
  const settling = refusal('UNAVAILABLE', { outcome: 'unknown', purpose: 'settle' });
  const operation = open([anIntent()], 'unknown');
  expect(step(settling, { claim: undefined, operation, now: 599_999 })).toMatchObject({ events: [] });
  expect(step(settling, { claim: undefined, operation, now: 600_000 })).toMatchObject({
    events: [
      {
        type: 'Warning',
        reason: 'VolumeUndecided',
        message: expect.stringContaining(`volume ${VOLUME_NAME} of claim shop/data`),
        regarding: { kind: 'Lease', metadata: settings().journal },
      },
    ],
  });
});

test('a claim that came to want a volume again is told nothing of what is settled', () => {
  const settling = refusal('UNAVAILABLE', { outcome: 'unknown', purpose: 'settle' });
  expect(step(settling, { operation: open([anIntent()], 'unknown'), uid: CLAIM_UID, now: 0 })).toMatchObject({ events: [] });
});
