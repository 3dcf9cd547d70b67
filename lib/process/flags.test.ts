import { describe, expect, test } from 'vitest';
import { ConfigError } from '../errors/config-error.ts';
import { ELECTION_FLAGS, KLOG_FLAGS } from './flag-groups.ts';
import type { Given, Syntax } from './flag-syntax.ts';
import { scanFlags } from './flag-syntax.ts';
import type { Flag } from './flag.ts';
import { gateEnabled, readFlags, readOptions } from './flags.ts';

const FLAGS = [
  ...KLOG_FLAGS,
  ...ELECTION_FLAGS,
  { name: 'timeout', type: 'duration', default: '1m', help: 'Limit of a call.', origin: 'peer', min: 1 },
  { name: 'worker-threads', type: 'uint', default: '100', help: 'Workers.', origin: 'peer', min: 1 },
  { name: 'kube-api-qps', type: 'float', default: '5', help: 'Rate.', origin: 'peer' },
  { name: 'prefix', type: 'string', default: 'pvc', help: 'Prefix.', origin: 'peer' },
  { name: 'leader-election-labels', type: 'labels', default: '', help: 'Labels.', origin: 'peer' },
  {
    name: 'feature-gates',
    type: 'gates',
    default: '',
    help: 'Gates.',
    origin: 'peer',
    gates: { Topology: { default: true, stage: 'GA' }, CrossNamespaceVolumeDataSource: { default: false, stage: 'ALPHA' } },
  },
] as const satisfies readonly Flag[];

const scan = (syntax: Syntax, ...words: string[]): ReturnType<typeof scanFlags> => scanFlags(words, syntax, FLAGS);
const options = (given: readonly Given[]): ReturnType<typeof readOptions<typeof FLAGS>> => readOptions(FLAGS, readFlags(FLAGS, given));
const parse = (syntax: Syntax, ...words: string[]): ReturnType<typeof options> => {
  const scanned = scan(syntax, ...words);
  expect(scanned.faults).toEqual([]);
  return options(scanned.given);
};
const fault = (name: string, text: string): readonly string[] => readFlags(FLAGS, [{ name, text }]).faults;

describe('Go flag syntax', () => {
  test('one dash or two, with = or a separate word', () => {
    expect(parse('go', '-timeout=30s').timeoutMs).toBe(30_000);
    expect(parse('go', '--timeout', '30s').timeoutMs).toBe(30_000);
    expect(parse('go', '-v=5').v).toBe(5);
    expect(parse('go', '-v', '5').v).toBe(5);
  });

  test('a bool takes no separate word, which then ends the parsing as in Go', () => {
    const scanned = scan('go', '--leader-election', 'true', '-v=5');
    expect(options(scanned.given).leaderElection).toBe(true);
    expect(options(scanned.given).v).toBe(0);
    expect(scanned.rest).toEqual(['true', '-v=5']);
  });

  test('--b, --b=false and --b=0 are bools', () => {
    expect(parse('go', '--leader-election').leaderElection).toBe(true);
    expect(parse('go', '--leader-election=false').leaderElection).toBe(false);
    expect(parse('go', '-leader-election=0').leaderElection).toBe(false);
  });

  test('words after -- are no flags', () => {
    expect(scan('go', '-v=1', '--', '-v=2')).toMatchObject({ given: [{ name: 'v', text: '1' }], rest: ['-v=2'] });
  });

  test('-h, -help and --help ask for help', () => {
    for (const word of ['-h', '-help', '--help']) expect(scan('go', word)).toMatchObject({ help: '', faults: [] });
    expect(scan('go', '-v=1').help).toBeUndefined();
    expect(scan('pflag', '--help=flags').help).toBe('flags');
  });
});

describe('pflag syntax', () => {
  test('two dashes for names, with = or a separate word; flags may follow other words', () => {
    expect(parse('pflag', '--timeout=30s').timeoutMs).toBe(30_000);
    expect(parse('pflag', '--timeout', '30s').timeoutMs).toBe(30_000);
    expect(scan('pflag', 'word', '--timeout=30s')).toMatchObject({ given: [{ name: 'timeout', text: '30s' }], rest: ['word'] });
  });

  test('a flag with a letter of its own can be given by it, with one dash', () => {
    const letters = [{ name: 'namespace', letter: 'n', type: 'string' }] as const;
    for (const words of [['-n', 'team'], ['-n=team'], ['--namespace=team']])
      expect(scanFlags(words, 'pflag', letters)).toMatchObject({ given: [{ name: 'namespace', text: 'team' }], faults: [] });
    expect(scanFlags(['--n=team'], 'pflag', letters).faults).toHaveLength(1);
  });

  test('a one-letter flag takes one dash or two', () => {
    for (const words of [['-v=5'], ['-v', '5'], ['-v5'], ['--v=5'], ['--v', '5']]) expect(parse('pflag', ...words).v).toBe(5);
  });

  test('one dash before a long name is a fault that says how to write it', () => {
    expect(scan('pflag', '-timeout=30s').faults).toEqual(["-timeout=30s is no flag in this program's syntax: write --timeout"]);
  });
});

describe('values', () => {
  test('a flag that is not given has its default, in milliseconds for durations', () => {
    expect(parse('go')).toMatchObject({
      timeoutMs: 60_000,
      workerThreads: 100,
      kubeApiQps: 5,
      prefix: 'pvc',
      leaderElectionLeaseDurationMs: 15_000,
      leaderElectionLabels: {},
    });
  });

  test('the last one wins', () => {
    expect(parse('go', '-v=1', '-v=2').v).toBe(2);
  });

  test('numbers are read as Go reads them', () => {
    expect(parse('pflag', '--worker-threads=0x10').workerThreads).toBe(16);
    expect(['1e3', '.5', '0x1.8p3', '-0X_1_0P-2'].map((text) => parse('pflag', `--kube-api-qps=${text}`).kubeApiQps)).toEqual([
      1000, 0.5, 12, -4,
    ]);
    expect(parse('pflag', '--worker-threads=1_000').workerThreads).toBe(1000);
    expect(parse('pflag', '--worker-threads=010').workerThreads).toBe(8);
    expect(parse('pflag', '--v=-1').v).toBe(-1);
    expect(parse('pflag', '--kube-api-qps=1e2').kubeApiQps).toBe(100);
  });

  test('gates resolve to all that exist and remember which were named', () => {
    const gates = parse('go', '--feature-gates=Topology=false, CrossNamespaceVolumeDataSource=True').featureGates;
    expect(gateEnabled(gates, 'Topology')).toBe(false);
    expect(gateEnabled(gates, 'CrossNamespaceVolumeDataSource')).toBe(true);
    expect(parse('go').featureGates.get('Topology')).toEqual({ enabled: true, explicit: false });
  });

  test('AllAlpha and AllBeta set the gates of a stage that are not named', () => {
    const all = parse('go', '--feature-gates=AllAlpha=true,AllBeta=false').featureGates;
    expect([gateEnabled(all, 'Topology'), gateEnabled(all, 'CrossNamespaceVolumeDataSource')]).toEqual([true, true]);
    const but = parse('go', '--feature-gates=CrossNamespaceVolumeDataSource=false,AllAlpha=true').featureGates;
    expect(gateEnabled(but, 'CrossNamespaceVolumeDataSource')).toBe(false);
  });

  test('gates of API servers are taken, and are none of ours', () => {
    const gates = parse('go', '--feature-gates=WatchList=false,KMSv1=true,Topology=false').featureGates;
    expect([...gates.keys()]).toEqual(['Topology', 'CrossNamespaceVolumeDataSource']);
    expect(gateEnabled(gates, 'Topology')).toBe(false);
    expect(fault('feature-gates', 'WatchList=perhaps')).toEqual([
      '--feature-gates="WatchList=perhaps": "WatchList=perhaps" is no gate setting, write WatchList=true or WatchList=false',
    ]);
  });

  test('gates given twice add up', () => {
    const gates = parse('go', '--feature-gates=Topology=false', '--feature-gates=CrossNamespaceVolumeDataSource=true').featureGates;
    expect([gateEnabled(gates, 'Topology'), gateEnabled(gates, 'CrossNamespaceVolumeDataSource')]).toEqual([false, true]);
  });

  test('labels are written key:value', () => {
    expect(parse('go', '--leader-election-labels=app:x,example.com/tier:a').leaderElectionLabels).toEqual({
      app: 'x',
      'example.com/tier': 'a',
    });
  });
});

describe('faults', () => {
  test('each names the flag and the remedy', () => {
    expect(fault('timeout', '30')).toEqual(['--timeout="30": not a duration, write a number with a unit, for example 30s, 1m30s or 500ms']);
    expect(fault('timeout', '0s')).toEqual(['--timeout="0s": must be at least 1ms']);
    expect(fault('worker-threads', '-1')).toEqual(['--worker-threads="-1": not a whole number of at least 0, write for example 10']);
    expect(fault('worker-threads', '1.5')).toHaveLength(1);
    expect(fault('leader-election', 'yes')).toEqual(['--leader-election="yes": not a truth value, write true or false']);
    expect(fault('logging-format', 'xml')).toEqual(['--logging-format="xml": must be one of "text", "json"']);
    expect(fault('feature-gates', 'Topolgy=true')).toEqual([
      '--feature-gates="Topolgy=true": there is no feature gate "Topolgy", known are Topology, CrossNamespaceVolumeDataSource',
    ]);
    expect(fault('feature-gates', 'Topology')).toEqual([
      '--feature-gates="Topology": "Topology" is no gate setting, write Topology=true or Topology=false',
    ]);
    expect(fault('leader-election-labels', 'a b:c')).toHaveLength(1);
    expect(fault('log-json-info-buffer-size', '5 apples')).toHaveLength(1);
  });

  test('an unknown flag names its nearest neighbour', () => {
    expect(scan('go', '--time-out=5s').faults).toEqual(['unknown flag --time-out: did you mean --timeout? --help lists the flags']);
    expect(scan('pflag', '--nonsense').faults).toEqual(['unknown flag --nonsense: --help lists the flags']);
  });

  test('a missing value and a bare = are said', () => {
    expect(scan('go', '--timeout').faults).toEqual(['--timeout needs a value: write --timeout=VALUE']);
    expect(scan('go', '--=5').faults).toEqual(['--=5 is no flag: write --NAME or --NAME=VALUE']);
  });

  test('all are reported together, as an error of the command line', () => {
    const given = [
      { name: 'timeout', text: 'x' },
      { name: 'v', text: 'y' },
    ];
    try {
      options(given);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      expect(error).toMatchObject({ exitCode: 2, faults: [expect.stringContaining('--timeout'), expect.stringContaining('--v')] });
    }
  });
});
