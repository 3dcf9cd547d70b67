/** Every verb, once: the front door, `--help`, the completion of shells and docs/verbs/ all read this table. */
import { sharedFlags } from '../lib/process/command-line.ts';
import { completionVerb } from './completion/verb.ts';
import { DOCTOR } from './doctor/verb.ts';
import { EXPLAIN } from './explain/verb.ts';
import type { Verb } from './frame/verb.ts';
import { INSTALL_CRDS } from './install-crds/verb.ts';
import { NODE_DRIVER_REGISTRAR } from './node-driver-registrar/verb.ts';
import { RELEASE } from './release/verb.ts';
import { ROLES } from './roles.ts';

const TOOLS: readonly Verb[] = [EXPLAIN, DOCTOR, INSTALL_CRDS, RELEASE, NODE_DRIVER_REGISTRAR];

export const VERBS: readonly Verb[] = [
  ...TOOLS,
  completionVerb(
    TOOLS,
    sharedFlags(ROLES).map(({ flag }) => flag),
  ),
];
