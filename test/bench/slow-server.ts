/** Through a proxy: what is on the wire in a load, then latency where every answer takes longer, as in a real cluster. */
import { join } from 'node:path';
import { writeKubeconfig } from '../../harness/kubeconfig.ts';
import { type LoopbackProxy, startLoopbackProxy } from '../../harness/loopback-proxy.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import type { Outcome, SideTotals } from './figures.ts';
import { untilUncalled } from './meter.ts';
import type { LoadPhase } from './phases.ts';
import { type SideFlags, type SideName, usersOf, withoutJournal } from './sides.ts';
import { atTable, type Contest, type Experiment, load, oneAtATime } from './table.ts';

const ANSWER_MS = 20;
const ONE_BY_ONE = 10;

interface Wire {
  readonly user: string;
  readonly proxy: LoopbackProxy;
  readonly kubeconfig: string;
}

export const slowServer: Experiment = {
  size: ({ objects, inFlight }) =>
    `through a proxy: a load of ${objects} objects, ${inFlight} in flight, whose bytes and connections are counted; then ${ONE_BY_ONE} objects one at a time with every answer of kube-apiserver ${ANSWER_MS} ms later`,
  sides: ['go', 'one'],
  rounds: 'all',
  play: (side, contest) => throughProxies(side, contest, { name: 'slow-server', phases: contest.options.phases }),
};

export const slowServerWithoutJournal: Experiment = {
  size: () => 'the same with --crash-safe-provisioning=false, for claims alone',
  sides: ['one'],
  rounds: 'all',
  play: (side, contest) =>
    throughProxies(side, contest, { name: 'slow-server-no-journal', phases: ['provision', 'delete volume'], argsOf: withoutJournal }),
};

interface Passage extends SideFlags {
  readonly name: string;
  readonly phases: readonly LoadPhase[];
}

async function throughProxies(side: SideName, contest: Contest, { phases, ...passage }: Passage): Promise<Outcome> {
  const { plane, options } = contest;
  const from = plane.auditSize();
  const wires: Wire[] = [];
  for (const user of usersOf(side)) wires.push(await openWire(plane, user));
  try {
    const settings = {
      contest,
      ...passage,
      kubeconfigOf: (name: string) => wires.find(({ user }) => user === name)?.kubeconfig ?? '',
      wire: () => wires.reduce((sum, { proxy }) => sum + proxy.bytes(), 0),
    };
    const { figures, opened } = await atTable(side, settings, async (table) => {
      await load(table, { phases, prefix: 'load', count: options.objects, temper: 'warm' });
      const opened = wires.map(({ user, proxy }) => ({ user, connections: proxy.connections() }));
      for (const { proxy } of wires) proxy.delay(ANSWER_MS);
      await oneAtATime(table, { phases, prefix: 'last', count: ONE_BY_ONE, temper: 'one by one' });
      return { figures: table.figures, opened };
    });
    // Watches are told of when they end, a moment after the programs.
    await untilUncalled(plane);
    return { phases: figures, totals: totalsOf(opened, watchesSince(plane, from)) };
  } finally {
    for (const { proxy } of wires) proxy.close();
  }
}

async function openWire(plane: ControlPlane, user: string): Promise<Wire> {
  const endpoint = plane.endpointOf(user);
  const proxy = await startLoopbackProxy(Number(new URL(endpoint.server).port));
  const server = `https://127.0.0.1:${proxy.port}`;
  return { user, proxy, kubeconfig: writeKubeconfig(join(plane.stage.dir, `kubeconfig-${user}-${proxy.port}`), { ...endpoint, server }) };
}

/** How many watches each user had: one for each kind, however often it was opened again. They are logged when they end. */
function watchesSince(plane: ControlPlane, from: number): ReadonlyMap<string, number> {
  const kinds = new Map<string, Set<string>>();
  for (const { user, verb, group, resource, code } of plane.audit(from))
    if (verb === 'watch' && code < 400) kinds.set(user, (kinds.get(user) ?? new Set()).add(`${group}/${resource}`));
  return new Map([...kinds].map(([user, { size }]) => [user, size]));
}

/** Pure. */
export function totalsOf(
  opened: readonly { readonly user: string; readonly connections: number }[],
  watches: ReadonlyMap<string, number>,
): SideTotals {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const own = opened.map(({ user, connections }) => ({ connections, watches: watches.get(user) ?? 0 }));
  return {
    connections: sum(own.map(({ connections }) => connections)),
    watches: sum(own.map(({ watches }) => watches)),
    connectionsBeyondWatches: Math.max(...own.map(({ connections, watches }) => connections - watches)),
  };
}
