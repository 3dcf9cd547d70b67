import { expect, test } from 'vitest';
import { flagsAsMarkdown, formatHelp } from './flag-help.ts';
import type { Flag } from './flag.ts';

const FLAGS = [
  { name: 'timeout', type: 'duration', default: '1m', help: 'Limit of a call.', origin: 'peer' },
  { name: 'version', type: 'bool', default: 'false', help: 'Print the version.', origin: 'peer' },
  { name: 'v', type: 'int', default: '0', help: 'Verbosity.', origin: 'peer' },
  { name: 'kube-api-qps', type: 'float', default: '0', peerDefault: '5', help: 'Rate.', origin: 'peer' },
  { name: 'drain-timeout', type: 'duration', default: '10s', help: 'Drain.', origin: 'ours' },
  { name: 'csi-address', type: 'string', default: '/run/csi/socket', help: 'Socket.', origin: 'peer' },
  {
    name: 'feature-gates',
    type: 'gates',
    default: '',
    help: 'Gates.',
    origin: 'peer',
    gates: { Topology: { default: true, stage: 'GA' } },
  },
] as const satisfies readonly Flag[];

test('help has the shape of Go flag, sorted, with the defaults that are not zero', () => {
  const help = formatHelp({ program: 'csi-snapshotter', syntax: 'go', flags: FLAGS });
  expect(help.startsWith('Usage of csi-snapshotter:\n  -csi-address string\n    \tSocket. (default "/run/csi/socket")\n')).toBe(true);
  expect(help).toContain('  -timeout duration\n    \tLimit of a call. (default 1m0s)\n');
  expect(help).toContain('  -version\n    \tPrint the version.\n');
  expect(help).toContain('  -drain-timeout duration\n    \tDrain. Not in the Go program. (default 10s)\n');
  expect(help).toContain("  -kube-api-qps float\n    \tRate. The Go program's default is 5.\n");
});

test('help has the shape of pflag, in columns, with the one-letter form', () => {
  const lines = formatHelp({ program: 'csi-provisioner', syntax: 'pflag', flags: FLAGS }).split('\n');
  expect(lines[0]).toBe('Usage of csi-provisioner:');
  // Two spaces of margin, room for the longest name, then the text: all texts start in one column.
  const column = '      --feature-gates name=bool,...'.length + 3;
  expect(lines).toContain(`${'      --timeout duration'.padEnd(column)}Limit of a call. (default 1m0s)`);
  expect(lines).toContain(`${'  -v, --v int'.padEnd(column)}Verbosity.`);
  expect(lines).toContain(`${'      --feature-gates name=bool,...'.padEnd(column)}Gates. Topology=true|false (GA, default=true).`);
});

test('the Markdown table has one row a flag', () => {
  const rows = flagsAsMarkdown(FLAGS).split('\n');
  expect(rows).toHaveLength(FLAGS.length + 2);
  expect(rows).toContain('| `--kube-api-qps` | float | `0` | Rate. | Go program: `5` |');
});
