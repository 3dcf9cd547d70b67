import { describe, expect, test } from 'vitest';
import { combinedTable, readCommandLine, sharedFlags, type CommandLine } from './command-line.ts';
import { ConfigError } from '../errors/config-error.ts';
import { DRIVER_FLAGS, ELECTION_FLAGS, KLOG_FLAGS, KUBE_FLAGS, PROCESS_FLAGS } from './flag-groups.ts';
import type { Flag } from './flag.ts';
import { readOptions } from './flags.ts';
import type { RoleDefinition } from './role-definition.ts';
import { planRole, type RolePlan } from './role-plan.ts';

const COMMON = [...KLOG_FLAGS, ...PROCESS_FLAGS, ...KUBE_FLAGS, ...ELECTION_FLAGS] as const;
const gates = (names: readonly string[]): Flag => ({
  name: 'feature-gates',
  type: 'gates',
  default: '',
  help: 'Gates.',
  origin: 'peer',
  gates: Object.fromEntries(names.map((name) => [name, { default: false, stage: 'ALPHA' }])),
});
const timeout = (text: string): Flag => ({ name: 'timeout', type: 'duration', default: text, help: 'Limit.', origin: 'peer', min: 1 });

function role(name: RoleDefinition<unknown>['name'], flags: readonly Flag[]): RolePlan {
  return planRole({
    name,
    syntax: name === 'csi-provisioner' ? 'pflag' : 'go',
    flags,
    options: (values) => readOptions(flags, values),
    needsDriver: name !== 'snapshot-controller',
    requiredResources: [],
    lockName: (driver) => driver,
    eventComponent: (driver) => driver,
    create: () => ({ name, start: () => undefined, drain: () => Promise.resolve() }),
  });
}

const CONTROLLER = role('snapshot-controller', [...COMMON, gates(['CSIVolumeGroupSnapshot'])]);
const SNAPSHOTTER = role('csi-snapshotter', [...COMMON, ...DRIVER_FLAGS, timeout('1m'), gates(['CSIVolumeGroupSnapshot'])]);
const PROVISIONER = role('csi-provisioner', [...COMMON, ...DRIVER_FLAGS, timeout('10s'), gates(['Topology'])]);
const ALL = [CONTROLLER, SNAPSHOTTER, PROVISIONER];

function read(plans: readonly RolePlan[], ...argv: string[]): CommandLine {
  const request = readCommandLine({ syntax: plans.length > 1 ? 'pflag' : (plans[0]?.syntax ?? 'go'), plans, argv, env: () => undefined });
  if (request.kind !== 'run') throw new Error(request.kind);
  return request.line;
}

const timeouts = (line: CommandLine): unknown =>
  Object.fromEntries(line.roles.map(({ plan, values }) => [plan.name, values.has('timeout') ? values.get('timeout') : undefined]));
const faults = (plans: readonly RolePlan[], ...argv: string[]): readonly string[] => {
  try {
    read(plans, ...argv);
    return [];
  } catch (error) {
    return error instanceof ConfigError ? error.faults : [String(error)];
  }
};

describe('one role', () => {
  test('takes its own flags and no --roles', () => {
    expect(read([SNAPSHOTTER], '-timeout=5s', '--v=4').process.v).toBe(4);
    expect(faults([SNAPSHOTTER], '--roles=csi-snapshotter')).toHaveLength(1);
    expect(faults([CONTROLLER], '--csi-address=/x')).toHaveLength(1);
  });

  test('help and version are requests of their own', () => {
    const ask = (...argv: string[]): string => readCommandLine({ syntax: 'go', plans: [CONTROLLER], argv, env: () => undefined }).kind;
    expect(ask('--help')).toBe('help');
    expect(ask('--version')).toBe('version');
    expect(ask('--version=false')).toBe('run');
  });

  test('an address at which no driver can listen is refused at once, where there is a driver', () => {
    for (const address of ['relative.sock', 'tcp://127.0.0.1:99', 'unix://x/y.sock', ''])
      expect(faults([SNAPSHOTTER], `--csi-address=${address}`)).toEqual([expect.stringContaining('--csi-address="')]);
    for (const address of ['/run/csi/socket', 'unix:///run/csi/socket', 'unix:/run/csi/socket'])
      expect(faults([SNAPSHOTTER], `--csi-address=${address}`)).toEqual([]);
    expect(faults(ALL, '--roles=snapshot-controller', '--csi-address=x')).toEqual([]);
  });

  test('an election that could have two leaders is refused, where there is one', () => {
    expect(faults([CONTROLLER], '--leader-election-renew-deadline=20s')).toEqual([]);
    expect(
      faults([CONTROLLER], '--leader-election', '--leader-election-renew-deadline=20s', '--leader-election-retry-period=19s'),
    ).toHaveLength(2);
  });

  test('a debug endpoint that others could reach is refused', () => {
    expect(faults([CONTROLLER], '--debug-endpoint=127.0.0.1:9999')).toEqual([]);
    for (const address of [':9999', '0.0.0.0:9999', 'node-1:9999'])
      expect(faults([CONTROLLER], `--debug-endpoint=${address}`)).toEqual([expect.stringContaining('not a loopback address')]);
  });

  test('two addresses for metrics exclude each other, with exit code 1', () => {
    expect(() => read([SNAPSHOTTER], '--http-endpoint=:1', '--metrics-address=:2')).toThrow(expect.objectContaining({ exitCode: 1 }));
  });
});

describe('several roles', () => {
  test('the two per-driver roles are the default', () => {
    expect(read(ALL).roles.map(({ plan }) => plan.name)).toEqual(['csi-snapshotter', 'csi-provisioner']);
    expect(read(ALL, '--roles=snapshot-controller').roles.map(({ plan }) => plan.name)).toEqual(['snapshot-controller']);
    expect(faults(ALL, '--roles=csi-resizer')).toHaveLength(1);
  });

  test('a word that is no flag is refused: the one role of a program lets it pass, as the Go program does', () => {
    expect(faults(ALL, '--v=1', 'install-crds')).toEqual([expect.stringMatching(/"install-crds" is no flag: a verb comes first/)]);
    expect(read([PROVISIONER], 'install-crds', '--v=1').rest).toEqual(['install-crds']);
  });

  test('the roles that take a flag are told with it, and each flag once', () => {
    const shared = sharedFlags(ALL);
    const rolesOf = (name: string): readonly string[] | undefined => shared.find(({ flag }) => flag.name === name)?.roles;
    expect(new Set(shared.map(({ flag }) => flag.name)).size).toBe(shared.length);
    expect(rolesOf('v')).toEqual(['snapshot-controller', 'csi-snapshotter', 'csi-provisioner']);
    expect(rolesOf('csi-address')).toEqual(['csi-snapshotter', 'csi-provisioner']);
    expect(rolesOf('timeout')).toEqual(['csi-snapshotter', 'csi-provisioner']);
  });

  test('defaults stay per role', () => {
    expect(timeouts(read(ALL))).toEqual({ 'csi-snapshotter': 60_000, 'csi-provisioner': 10_000 });
  });

  test('a plain flag sets every role that has it, one with a role that role, whatever the order', () => {
    expect(timeouts(read(ALL, '--timeout=5s'))).toEqual({ 'csi-snapshotter': 5000, 'csi-provisioner': 5000 });
    expect(timeouts(read(ALL, '--csi-provisioner.timeout=7s', '--timeout=5s'))).toEqual({
      'csi-snapshotter': 5000,
      'csi-provisioner': 7000,
    });
  });

  test('a gate goes to the roles that know it; one that nobody knows is a fault, told once', () => {
    const line = read(ALL, '--feature-gates=Topology=true,CSIVolumeGroupSnapshot=true');
    const known = line.roles.map(({ values }) => [...(values.get('feature-gates') as ReadonlyMap<string, unknown>).keys()]);
    expect(known).toEqual([['CSIVolumeGroupSnapshot'], ['Topology']]);
    expect(faults(ALL, '--feature-gates=Typology=true').every((fault) => fault.includes('Typology'))).toBe(true);
  });

  test('a gate of API servers is taken by every role, and said to do nothing', () => {
    const line = read(ALL, '--feature-gates=Topology=true,WatchList=false,AllAlpha=false');
    expect(line.withoutEffect).toEqual({ '--feature-gates=WatchList': 'it is a gate of API servers, and does nothing in a sidecar' });
  });

  test('flags and gates without effect are listed with the reason, if they were given', () => {
    const retired = { default: true, stage: 'GA', ignored: 'it is always so' } as const;
    const old = role('old', [
      ...COMMON,
      {
        name: 'feature-gates',
        type: 'gates',
        default: '',
        help: 'Gates.',
        origin: 'peer',
        gates: { Old: retired, New: { default: true, stage: 'GA' } },
      },
      { name: 'gone', type: 'bool', default: 'false', help: 'Gone.', origin: 'peer', ignored: 'its work is done' },
    ]);
    expect(read([old]).withoutEffect).toEqual({});
    expect(read([old], '--gone', '--feature-gates=New=true,Old=true').withoutEffect).toEqual({
      '--gone': 'its work is done',
      '--feature-gates=Old': 'it is always so',
    });
  });

  test('a number that the Go program takes and that makes no sense is replaced, and that is said', () => {
    const tiny = role('snapshot-controller', [
      { name: 'threads', type: 'int', default: '10', help: 'Threads.', origin: 'peer', min: 1, below: 'default' },
      { name: 'every', type: 'duration', default: '5m', help: 'Every.', origin: 'peer', min: 0, below: 'min' },
    ]);
    expect(read([tiny], '--threads=0', '--every=-3s').withoutEffect).toEqual({
      '--threads=0': 'it is less than 1, and 10 is taken',
      '--every=-3s': 'it is less than 0s, and 0s is taken',
    });
    expect(read([tiny], '--threads=3').withoutEffect).toEqual({});
  });

  test('flags of the process exist once', () => {
    expect(read(ALL, '--v=3', '--http-endpoint=:8080').process).toMatchObject({ v: 3, httpEndpoint: ':8080' });
    expect(faults(ALL, '--csi-provisioner.http-endpoint=:1')).toHaveLength(1);
  });

  test('election may differ by role', () => {
    const line = read(ALL, '--roles=snapshot-controller,csi-provisioner', '--leader-election', '--csi-provisioner.leader-election=false');
    expect(line.roles.map(({ election }) => election.leaderElection)).toEqual([true, false]);
  });

  test('faults of one flag that two roles have are told once, all faults together', () => {
    expect(faults(ALL, '--timeout=5', '--v=x')).toHaveLength(2);
  });

  test('the table lists every flag plain and by role, and says where defaults differ', () => {
    const table = combinedTable(ALL);
    expect(new Set(table.map(({ name }) => name)).size).toBe(table.length);
    expect(table.find(({ name }) => name === 'timeout')?.help).toContain('1m0s for csi-snapshotter, 10s for csi-provisioner');
    expect(table.find(({ name }) => name === 'csi-provisioner.timeout')?.default).toBe('10s');
    expect(table.find(({ name }) => name === 'feature-gates')?.gates).toHaveProperty('Topology');
  });
});
