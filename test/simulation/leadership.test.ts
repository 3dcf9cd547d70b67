import { expect, it } from 'vitest';
import { Leadership, LEASES } from './leadership.ts';
import { Mirror } from './mirror.ts';

const PROGRAMS = ['snapshot-controller-1', 'csi-snapshotter-1', 'csi-provisioner-1', 'csi-provisioner-2'];

/** Two provisioners, and one of each other kind that leads from the start. `at` sets the clock. */
function world() {
  let nowMs = 0;
  const { leases } = new Mirror(() => Promise.reject(new Error('not opened')));
  const deposed: string[] = [];
  const leadership = new Leadership({ leases, programs: PROGRAMS, now: () => nowMs, deposed: (program) => deposed.push(program) });
  const write = (role: string, holderIdentity: string): void =>
    leases.apply('MODIFIED', { metadata: { uid: role, name: LEASES[role] ?? '' }, spec: { holderIdentity } });
  for (const program of PROGRAMS) leadership.starts(program);
  for (const role of Object.keys(LEASES)) write(role, `${role}-1-host_x`);
  const at = (ms: number): Leadership => {
    nowMs = ms;
    return leadership;
  };
  return { at, deposed, renews: (holder: string) => write('csi-provisioner', holder) };
}

it('a dead leader is followed when its lease has run out since its last renewal', () => {
  const { at, renews } = world();
  at(5_000);
  renews('csi-provisioner-1-host_x');
  at(7_000).goes('csi-provisioner-1');
  expect([at(7_000).since(), at(7_000).bornMs('csi-provisioner')]).toEqual([20_000, 20_000]);
});

it('a late successor is no excuse, and an early one is taken at its word', () => {
  for (const [tookMs, sinceMs] of [
    [60_000, 15_000],
    [9_000, 9_000],
  ] as const) {
    const { at, renews } = world();
    at(2_000).goes('csi-provisioner-1');
    at(tookMs);
    renews('csi-provisioner-2-host_y');
    expect([at(tookMs).since(), at(tookMs).bornMs('csi-provisioner')]).toEqual([sinceMs, tookMs]);
  }
});

it('a lease that was given back is free at once, and one that is held on to at an end is not granted longer', () => {
  const { at, renews } = world();
  at(4_000).ends('csi-provisioner-1');
  at(5_000);
  renews('csi-provisioner-1-host_x');
  expect(at(5_000).since()).toBe(15_000);
  at(6_000);
  renews('');
  expect(at(6_000).since()).toBe(6_000);
});

it('who starts later counts from the moment at which it saw the record first', () => {
  const { at } = world();
  at(1_000).goes('csi-provisioner-2');
  at(2_000).goes('csi-provisioner-1');
  expect(at(3_000).since()).toBeUndefined();
  at(4_000).starts('csi-provisioner-1');
  expect(at(4_000).since()).toBe(19_000);
});

it('a leader that stood still and goes on leads, unless another took its lease, who then owes nothing for its calls', () => {
  const { at, deposed, renews } = world();
  at(2_000).stops('csi-provisioner-1');
  at(8_000).goesOn('csi-provisioner-1');
  expect([at(8_000).since(), at(8_000).bornMs('csi-provisioner')]).toEqual([8_000, 0]);
  at(9_000).stops('csi-provisioner-1');
  at(30_000);
  renews('csi-provisioner-2-host_y');
  at(40_000).goesOn('csi-provisioner-1');
  expect([at(40_000).since(), deposed]).toEqual([15_000, ['csi-provisioner-1']]);
});
