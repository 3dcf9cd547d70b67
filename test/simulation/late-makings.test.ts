import { expect, it } from 'vitest';
import { CreateVolumeRequest } from '../../proto/gen/csi.ts';
import { CallLog } from './call-log.ts';
import { LateMakings } from './late-makings.ts';

const VOLUME = { id: 'second', name: 'pvc-a' };

function stage() {
  let nowMs = 0;
  const calls = new CallLog(() => nowMs);
  const late = new LateMakings(calls, () => nowMs);
  const request = CreateVolumeRequest.encode({ ...CreateVolumeRequest.decode(new Uint8Array()), name: VOLUME.name }).finish();
  const send = (atMs: number) => {
    nowMs = atMs;
    return calls.opened('csi-provisioner', { method: '/csi.v1.Controller/CreateVolume', request, timeoutMs: 0 }, () => true);
  };
  const deleted = (atMs: number): void => {
    nowMs = atMs;
    late.deletes(VOLUME.name);
  };
  return { calls, late, send, deleted };
}

it('excuses what a dead process asked for before the deletion, and nobody since', () => {
  const { calls, late, send, deleted } = stage();
  send(1_000);
  calls.died('csi-provisioner');
  deleted(2_000);
  expect(late.makes(VOLUME)).toBe(true);
  expect([...late.made]).toEqual(['second']);
});

it('excuses nothing where no volume of the name was deleted, a living process awaits the call, or one was sent since', () => {
  const never = stage();
  never.send(1_000);
  never.calls.died('csi-provisioner');
  expect(never.late.makes(VOLUME)).toBe(false);

  const awaited = stage();
  awaited.send(1_000);
  awaited.deleted(2_000);
  awaited.calls.died('csi-provisioner');
  expect(awaited.late.makes(VOLUME)).toBe(false);

  const again = stage();
  again.send(1_000);
  again.calls.died('csi-provisioner');
  again.deleted(2_000);
  again.send(2_000);
  expect(again.late.makes(VOLUME)).toBe(false);
  expect(again.late.made.size).toBe(0);
});
