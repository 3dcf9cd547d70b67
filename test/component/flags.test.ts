/** The flags of the Go programs, against our tables and against the built programs. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Flag } from '../../lib/process/flag.ts';
import { parseDuration } from '../../lib/process/go-duration.ts';
import { CSI_PROVISIONER } from '../../provisioner/role.ts';
import { SNAPSHOT_CONTROLLER } from '../../snapshotter/controller-role.ts';
import { CSI_SNAPSHOTTER } from '../../snapshotter/sidecar-role.ts';

const DIST = join(dirname(fileURLToPath(import.meta.url)), '../../dist');

/** name: [type, default], as the Go programs have them (external-snapshotter v8.7, external-provisioner v6.4). */
type PeerFlags = Readonly<Record<string, readonly [Flag['type'], string]>>;

const LOGGING: PeerFlags = {
  'logging-format': ['string', 'text'],
  'log-flush-frequency': ['duration', '5s'],
  v: ['int', '0'],
  vmodule: ['string', ''],
  'log-text-split-stream': ['bool', 'false'],
  'log-text-info-buffer-size': ['quantity', '0'],
  'log-json-split-stream': ['bool', 'false'],
  'log-json-info-buffer-size': ['quantity', '0'],
};
const ELECTION: PeerFlags = {
  'leader-election': ['bool', 'false'],
  'leader-election-namespace': ['string', ''],
  'leader-election-lease-duration': ['duration', '15s'],
  'leader-election-renew-deadline': ['duration', '10s'],
  'leader-election-retry-period': ['duration', '5s'],
};
const COMMON: PeerFlags = {
  ...LOGGING,
  ...ELECTION,
  kubeconfig: ['string', ''],
  'kube-api-qps': ['float', '5'],
  'kube-api-burst': ['int', '10'],
  'http-endpoint': ['string', ''],
  'metrics-path': ['string', '/metrics'],
  'retry-interval-start': ['duration', '1s'],
  'retry-interval-max': ['duration', '5m'],
  'feature-gates': ['gates', ''],
  automaxprocs: ['bool', 'false'],
  version: ['bool', 'false'],
};
const SNAPSHOT_PROGRAMS: PeerFlags = { ...COMMON, 'resync-period': ['duration', '15m'], 'worker-threads': ['int', '10'] };
const DRIVER: PeerFlags = {
  'csi-address': ['string', '/run/csi/socket'],
  'metrics-address': ['string', ''],
  'leader-election-labels': ['labels', ''],
};

const PEERS: Readonly<
  Record<string, { readonly role: { readonly flags: readonly Flag[] }; readonly count: number; readonly flags: PeerFlags }>
> = {
  'snapshot-controller': {
    role: SNAPSHOT_CONTROLLER,
    count: 28,
    flags: {
      ...SNAPSHOT_PROGRAMS,
      'enable-distributed-snapshotting': ['bool', 'false'],
      'prevent-volume-mode-conversion': ['bool', 'true'],
      'retry-crd-interval-max': ['duration', '30s'],
    },
  },
  'csi-snapshotter': {
    role: CSI_SNAPSHOTTER,
    count: 35,
    flags: {
      ...SNAPSHOT_PROGRAMS,
      ...DRIVER,
      timeout: ['duration', '1m'],
      'snapshot-name-prefix': ['string', 'snapshot'],
      'snapshot-name-uuid-length': ['int', '-1'],
      'groupsnapshot-name-prefix': ['string', 'groupsnapshot'],
      'groupsnapshot-name-uuid-length': ['int', '-1'],
      'extra-create-metadata': ['bool', 'false'],
      'node-deployment': ['bool', 'false'],
    },
  },
  'csi-provisioner': {
    role: CSI_PROVISIONER,
    count: 51,
    flags: {
      ...COMMON,
      ...DRIVER,
      master: ['string', ''],
      'volume-name-prefix': ['string', 'pvc'],
      'volume-name-uuid-length': ['int', '-1'],
      'worker-threads': ['uint', '100'],
      'cloning-protection-threads': ['uint', '1'],
      'snapshot-orphan-sweep-interval': ['duration', '5m'],
      'capacity-threads': ['uint', '1'],
      timeout: ['duration', '10s'],
      'strict-topology': ['bool', 'false'],
      'immediate-topology': ['bool', 'true'],
      'extra-create-metadata': ['bool', 'false'],
      'enable-pprof': ['bool', 'false'],
      'default-fstype': ['string', ''],
      'kube-api-capacity-qps': ['float', '1'],
      'kube-api-capacity-burst': ['int', '5'],
      'enable-capacity': ['bool', 'false'],
      'capacity-for-immediate-binding': ['bool', 'false'],
      'capacity-poll-interval': ['duration', '1m'],
      'capacity-ownerref-level': ['int', '1'],
      'node-deployment': ['bool', 'false'],
      'node-deployment-immediate-binding': ['bool', 'true'],
      'node-deployment-base-delay': ['duration', '20s'],
      'node-deployment-max-delay': ['duration', '60s'],
      'controller-publish-readonly': ['bool', 'false'],
      'prevent-volume-mode-conversion': ['bool', 'true'],
    },
  },
};

/** Defaults that differ on purpose: docs/decisions/002. */
const INTENDED = ['kube-api-qps', 'kube-api-burst'];
const INTENDED_OF_CAPACITY = ['kube-api-capacity-qps', 'kube-api-capacity-burst'];

const meaningOf = (type: Flag['type'], text: string): unknown => (type === 'duration' ? parseDuration(text) : text);

for (const [program, { role, count, flags }] of Object.entries(PEERS)) {
  describe(program, () => {
    const ours = new Map(role.flags.map((flag) => [flag.name, flag]));

    test(`has the ${count} flags of the Go program, with type and default`, () => {
      expect(Object.keys(flags)).toHaveLength(count);
      const found = Object.fromEntries(
        Object.keys(flags).map((name) => {
          const flag = ours.get(name);
          return [name, flag === undefined ? 'missing' : [flag.type, meaningOf(flag.type, flag.peerDefault ?? flag.default)]];
        }),
      );
      expect(found).toEqual(Object.fromEntries(Object.entries(flags).map(([name, [type, text]]) => [name, [type, meaningOf(type, text)]])));
    });

    test('every flag beyond those says that it is ours, and no name is there twice', () => {
      expect(
        role.flags
          .filter(({ origin }) => origin === 'peer')
          .map(({ name }) => name)
          .sort(),
      ).toEqual(Object.keys(flags).sort());
      expect(ours.size).toBe(role.flags.length);
    });

    test('differs in the defaults of the client limits only', () => {
      const intended = program === 'csi-provisioner' ? [...INTENDED, ...INTENDED_OF_CAPACITY] : INTENDED;
      expect(role.flags.filter(({ peerDefault }) => peerDefault !== undefined).map(({ name }) => name)).toEqual(intended);
    });
  });
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(program: string, ...words: string[]): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(DIST, `${program}.mjs`), ...words], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

describe('the built programs', () => {
  const programs = [...Object.keys(PEERS), 'csi-sidecars'];

  test('--version prints name and version on standard output', () => {
    for (const program of programs)
      expect(run(program, '--version')).toEqual({
        status: 0,
        stdout: expect.stringMatching(new RegExp(`^${program} \\d+\\.\\d+\\.\\d+\n$`)),
        stderr: '',
      });
  });

  test('--help lists every flag in the shape of the Go package, exit code 0', () => {
    for (const [program, { role }] of Object.entries(PEERS)) {
      const { status, stderr } = run(program, '--help');
      expect(status).toBe(0);
      expect(stderr.split('\n')[0]).toBe(`Usage of ${program}:`);
      const dashes = program === 'csi-provisioner' ? '--' : '-';
      for (const { name } of role.flags) expect(stderr).toMatch(new RegExp(`^ .*${dashes}${name}\\b`, 'm'));
    }
  });

  test('an unknown flag and a malformed duration are one line each, naming flag and remedy, exit code 2', () => {
    for (const program of programs) {
      expect(run(program, '--worker-thread=3')).toEqual({
        status: 2,
        stdout: '',
        stderr: `${program}: unknown flag --worker-thread: did you mean --worker-threads? --help lists the flags\n`,
      });
      expect(run(program, '--retry-interval-max=5')).toEqual({
        status: 2,
        stdout: '',
        stderr: `${program}: --retry-interval-max="5": not a duration, write a number with a unit, for example 30s, 1m30s or 500ms\n`,
      });
    }
  });

  test('each program takes the syntax of its peer', () => {
    expect(run('csi-snapshotter', '-timeout=5s', '-version').status).toBe(0);
    expect(run('csi-provisioner', '-timeout=5s')).toMatchObject({ status: 2, stderr: expect.stringContaining('write --timeout') });
    expect(run('csi-provisioner', '-v=5', '--timeout', '5s', '--version').status).toBe(0);
  });

  test('all faults of a line are told together', () => {
    const { status, stderr } = run('csi-provisioner', '--timeout=5', '--worker-threads=-1', '--feature-gates=Nope=true');
    expect(status).toBe(2);
    expect(stderr.trim().split('\n')).toHaveLength(3);
  });
});
