/** Whatever an attempt ends with, but for a lack of room, the selected node stays; and what an earlier call may have left stays, too. */
import { expect, test } from 'vitest';
import { GrpcCode } from '../../lib/csi/grpc-code.ts';
import { SELECTED_NODE, STORAGE_PROVISIONER } from '../facts/names.ts';
import { aClaimWorld } from '../testing/claim-world.ts';
import { aClaim, aClass, CLAIM_UID, DRIVER } from '../testing/objects.ts';
import { aState, anIntent, anOpen, settings } from '../testing/states.ts';
import { decide } from './decide.ts';
import type { CallFailure } from './state.ts';

const claim = aClaim({ metadata: { annotations: { [STORAGE_PROVISIONER]: DRIVER, [SELECTED_NODE]: 'node-1' } } });
const late = { claim, class: aClass({ volumeBindingMode: 'WaitForFirstConsumer' }), settings: settings({ topology: true }) };
const refused = (grpcCode: number, outcome: 'failed' | 'unknown' | 'reschedule'): CallFailure => ({
  kind: 'refused',
  purpose: 'attempt',
  outcome,
  grpcCode,
  message: 'rpc error',
});

test.each<[string, CallFailure, string]>([
  ['a final error', refused(GrpcCode.INTERNAL, 'failed'), 'retry'],
  ['an unknown answer', refused(GrpcCode.UNAVAILABLE, 'unknown'), 'retry'],
  ['a missing secret', { kind: 'no-secret', purpose: 'attempt', message: 'no secret' }, 'retry'],
  ['a lack of room', refused(GrpcCode.RESOURCE_EXHAUSTED, 'reschedule'), 'reschedule'],
])('after %s', (_, callFailure, kind) => {
  expect(decide(aState({ ...late, callFailure, progress: { operation: anOpen({ call: 'final' }) } })).kind).toBe(kind);
});

test('an attempt that fails before its call leaves what an earlier call left, and nothing where there was none', async () => {
  const parameters = { 'csi.storage.k8s.io/provisioner-secret-name': 's', 'csi.storage.k8s.io/provisioner-secret-namespace': 'vault' };
  const earlier = anOpen({ uncertain: [anIntent()] });
  for (const operation of [undefined, earlier]) {
    const world = aClaimWorld();
    world.classes.set('fast', aClass({ parameters }));
    if (operation !== undefined) world.progress.update(CLAIM_UID, { operation });
    const { steps, end } = await world.run();
    expect([steps, end.kind]).toEqual([['read-secret'], 'retry']);
    expect(world.progress.of(CLAIM_UID).operation).toEqual(operation ?? { phase: 'none' });
    expect(world.driver.received).toEqual([]);
  }
});
