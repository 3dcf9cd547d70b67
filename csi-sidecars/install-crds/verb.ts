/**
 * `csi-sidecars install-crds [--check] [--kubeconfig=F] [--crds=DIR]`: the six snapshot CRDs of this
 * release, applied where they are missing or older, and a line each on what the cluster has.
 *
 * Exit 0: the programs can work with what is there now. 1: they cannot, or the server could not be asked.
 */
import type { Flag } from '../../lib/process/flag.ts';
import { KUBECONFIG_FLAG, withCluster } from '../frame/cluster.ts';
import { alignRows } from '../frame/screen.ts';
import { defineVerb } from '../frame/verb.ts';
import { readCrds } from './crd-files.ts';
import type { CrdReport } from './install.ts';
import { installCrds } from './install.ts';

const FLAGS = [
  KUBECONFIG_FLAG,
  { name: 'check', type: 'bool', default: 'false', help: 'Change nothing: only say what is missing.', origin: 'ours' },
  { name: 'crds', type: 'string', default: '', help: 'Folder of the CRD files, if not the one shipped with the program.', origin: 'ours' },
] as const satisfies readonly Flag[];

export const INSTALL_CRDS = defineVerb({
  name: 'install-crds',
  about: 'brings the snapshot CRDs of a cluster up to this release; newer ones are left alone',
  example: 'csi-sidecars install-crds --check',
  schemaVersion: 1,
  flags: FLAGS,
  run: async (input) => {
    const { doors, options, signal } = input;
    const { kubeconfig, check } = options;
    const crds = await readCrds(doors.files, options.crds === '' ? undefined : options.crds);
    const reports = await withCluster(input, { kubeconfig, verb: 'install-crds' }, ({ client }) =>
      installCrds({ client, clock: doors.clock, crds, check, signal }),
    );
    const ok = reports.every(({ usable }) => usable);
    return {
      found: !ok,
      json: { crds: reports.map(({ found, ...report }) => ({ ...report, ...found })) },
      lines: () => [...alignRows(reports.map((report) => [report.name, sentence(report)])), ...(ok ? [] : [verdict(check)])],
    };
  },
});

function verdict(check: boolean): string {
  return check
    ? 'Not enough for this release: run csi-sidecars install-crds, or apply deploy/crds.'
    : 'Not enough for this release: see above.';
}

export function sentence({ found, action, usable, problem }: CrdReport): string {
  const gaps = found.gaps.join('; ');
  switch (action) {
    case 'created':
      return usable ? 'created' : `created, but ${problem ?? ''}`;
    case 'replaced':
      return usable ? `replaced: ${gaps}` : `replaced, but ${problem ?? ''}`;
    case 'refused':
      return `${usable ? 'good enough' : 'NOT GOOD ENOUGH'} and left alone: ${gaps}. ${problem ?? ''}`;
    case 'none':
      switch (found.state) {
        case 'missing':
          return 'MISSING';
        case 'lacking':
          return `NOT GOOD ENOUGH: ${gaps}`;
        case 'older':
          return `good enough, older: ${gaps}`;
        case 'good':
          return 'good';
      }
  }
}
