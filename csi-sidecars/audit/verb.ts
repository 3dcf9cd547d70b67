/**
 * `csi-sidecars audit --csi-address=unix:///PATH [--older-than=1h] [--clean]`: what is only in the driver, and what is
 * only in the cluster. It reads and nothing else, but with --clean.
 */
import { ConfigError } from '../../lib/errors/config-error.ts';
import type { Flag } from '../../lib/process/flag.ts';
import type { OptionsOf } from '../../lib/process/flags.ts';
import { DRIVER_FLAGS, withDriver } from '../driver/connect.ts';
import { KUBECONFIG_FLAG, withCluster } from '../frame/cluster.ts';
import { startProgress } from '../frame/progress.ts';
import type { VerbInput, VerbResult } from '../frame/verb.ts';
import { defineVerb } from '../frame/verb.ts';
import { ask } from './ask.ts';
import type { AuditOptions } from './audit.ts';
import { audit, cleanLeaks } from './audit.ts';
import type { Deed } from './clean.ts';
import { readFirstSeen, writeFirstSeen } from './first-seen.ts';
import { auditLines } from './report.ts';

const DEFAULT_PREFIX = 'pvc';

const FLAGS = [
  KUBECONFIG_FLAG,
  ...DRIVER_FLAGS,
  { name: 'older-than', type: 'duration', default: '1h', min: 0, help: 'Younger ones count as being made.', origin: 'ours' },
  {
    name: 'first-seen',
    type: 'string',
    default: '',
    help: 'File that remembers when each leak was first seen: the age of what the driver gives no date.',
    origin: 'ours',
  },
  {
    name: 'volume-name-prefix',
    type: 'string',
    default: '',
    help: 'The provisioner\'s flag of that name. Given, it says that no other cluster on this storage has this prefix. Empty: "pvc", and nothing is said.',
    origin: 'ours',
  },
  { name: 'sole-cluster', type: 'bool', default: 'false', help: 'No other cluster uses this storage.', origin: 'ours' },
  {
    name: 'clean',
    type: 'bool',
    default: 'false',
    help: 'Delete the leaks in the driver that leave no doubt, after a question.',
    origin: 'ours',
  },
  { name: 'yes', type: 'bool', default: 'false', help: 'With --clean: do not ask. Needed where there is no terminal.', origin: 'ours' },
] as const satisfies readonly Flag[];

type Input = VerbInput<OptionsOf<typeof FLAGS>>;

export const AUDIT = defineVerb({
  name: 'audit',
  about: 'finds volumes and snapshots that only the driver, or only the cluster, knows',
  example: 'csi-sidecars audit --csi-address=unix:///run/csi/socket',
  schemaVersion: 1,
  flags: FLAGS,
  run: (input) =>
    withDriver(input, input.options, (driver) =>
      withCluster(input, { kubeconfig: input.options.kubeconfig, verb: 'audit' }, ({ client }) => run(input, { driver, client })),
    ),
});

async function run(input: Input, { driver, client }: Pick<AuditOptions, 'driver' | 'client'>): Promise<VerbResult> {
  const { doors, options, screen, signal } = input;
  const { clock } = doors;
  const { name } = driver.identity;
  const firstSeen = await readFirstSeen(options.firstSeen, name);
  const policy = {
    nowMs: clock.now(),
    olderThanMs: options.olderThanMs,
    prefix: options.volumeNamePrefix === '' ? DEFAULT_PREFIX : options.volumeNamePrefix,
    prefixIsOurs: options.volumeNamePrefix !== '',
    soleCluster: options.soleCluster,
    firstSeen,
  };
  const looking = startProgress(screen, clock);
  const auditing = { driver, client, clock, policy, say: looking.say, signal };
  const audited = await audit(auditing).finally(looking.end);
  const { findings, underWay } = audited;
  await writeFirstSeen(options.firstSeen, name, { findings, known: firstSeen, nowMs: policy.nowMs });
  let deeds: Deed[] | undefined;
  if (options.clean) {
    await consent(findings.filter(({ object, keep }) => object === undefined && keep === undefined).length, options.yes);
    const cleaning = startProgress(screen, clock);
    deeds = await cleanLeaks({ ...auditing, say: cleaning.say }, audited).finally(cleaning.end);
  }
  const report = {
    driver: name,
    volumes: audited.driver.volumes?.size,
    snapshots: audited.driver.snapshots?.size,
    findings,
    underWay,
    unread: audited.cluster.unread,
    deeds,
  };
  const gone = new Set(deeds?.filter(({ result }) => result === 'deleted').map(({ finding }) => finding));
  return {
    found: findings.some((finding) => !gone.has(finding)) || report.unread.length > 0,
    json: plain(report),
    lines: (paint) => auditLines(report, paint),
  };
}

async function consent(count: number, yes: boolean): Promise<void> {
  if (yes || count === 0) return;
  const answer = await ask(`Delete ${count} volumes and snapshots in the driver?`);
  if (answer === undefined) throw new ConfigError('--clean: there is no terminal to ask on: add --yes', { exitCode: 2 });
  if (!answer) throw new ConfigError('nothing was deleted');
}

function plain(report: object): object {
  return JSON.parse(JSON.stringify(report, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))) as object;
}
