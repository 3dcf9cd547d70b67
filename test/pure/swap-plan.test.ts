/** The plan of swaps on a node: what `npm run verify -- node --size=full` promises of its sixty switch points. */
import { expect, test } from 'vitest';
import { ROLES } from '../real/programs.ts';
import { MOMENTS } from '../verify/node/swaps/moments.ts';
import { planOf, SEQUENCES } from '../verify/node/swaps/plan.ts';
import { RELEASES, USUAL } from '../verify/node/swaps/releases.ts';

const PLANS = SEQUENCES.map((sequence) => ({ sequence, points: planOf(sequence) }));
const ALL = PLANS.flatMap(({ points }) => points);

test('sixty swaps, in sequences that begin and end with the Go programs', () => {
  expect(ALL).toHaveLength(60);
  for (const { points } of PLANS) {
    expect(Object.values(points[0]?.from ?? {})).toEqual(['go', 'go', 'go']);
    expect(Object.values(points.at(-1)?.to ?? {})).toEqual(['go', 'go', 'go']);
    for (const [index, { from, to, swapped }] of points.entries()) {
      if (index > 0) expect(from).toEqual(points[index - 1]?.to);
      expect(ROLES.filter((role) => from[role] !== to[role])).toEqual(swapped);
      expect(swapped.length).toBeGreaterThan(0);
    }
  }
});

test('each program alone and all together, there and back', () => {
  const seen = new Set(ALL.map(({ swapped, from }) => swapped.map((role) => `${role} from ${from[role]}`).join(', ')));
  for (const side of ['ours', 'go']) {
    for (const role of ROLES) expect(seen).toContain(`${role} from ${side}`);
    expect(seen).toContain(ROLES.map((role) => `${role} from ${side}`).join(', '));
  }
});

test('every moment in every sequence', () => {
  for (const { points } of PLANS) expect(new Set(points.map(({ moment }) => moment))).toEqual(new Set(MOMENTS));
});

test('every release of the driver comes and goes again, and the last one makes everything that was asked for', () => {
  const releases = PLANS.find(({ sequence }) => sequence.upgrades)?.points.map(({ driver }) => driver) ?? [];
  expect(new Set(releases)).toEqual(new Set([USUAL, ...RELEASES]));
  expect(releases.at(-1)?.lacks).toEqual([]);
});

test('topology keys change with our provisioner before and after it, and with the Go program', () => {
  const sides = ALL.filter(({ before, driver }) => before.place !== driver.place).map(({ from, to }) =>
    [from, to].map((cast) => cast['csi-provisioner']).join(),
  );
  expect(sides).toContain('ours,ours');
  expect(sides).toContain('go,ours');
});

test('our traces are released once on the way, where everything is Go’s, and just after our provisioner has gone', () => {
  const released = ALL.filter(({ release }) => release);
  expect(released.map(({ to }) => Object.values(to).join())).toEqual(['go,go,go']);
  for (const { points } of PLANS) expect(points.at(-1)?.from['csi-provisioner']).toBe('ours');
  for (const { from } of released) expect(from['csi-provisioner']).toBe('ours');
});

test('what only the journal of ours knows is left alone only where ours comes again before that', () => {
  for (const { points } of PLANS) {
    const isEnd = (index: number): boolean => index === points.length - 1 || points[index]?.release === true;
    for (const [index, { hasHeir }] of points.entries()) {
      const rest = points.slice(index);
      const until = rest.slice(0, rest.findIndex((_, after) => isEnd(index + after)) + 1);
      expect(hasHeir).toBe(until.some(({ to }) => to['csi-provisioner'] === 'ours'));
    }
  }
});
