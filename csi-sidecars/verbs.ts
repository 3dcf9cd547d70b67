/** Every verb, once: the front door, `--help`, the completion of shells and docs/verbs/ all read this table. */
import { sharedFlags } from '../lib/process/command-line.ts';
import { completionVerb } from './completion/verb.ts';
import { DOCTOR } from './doctor/verb.ts';
import { EXPLAIN } from './explain/verb.ts';
import type { Verb } from './frame/verb.ts';
import { INSTALL_CRDS } from './install-crds/verb.ts';
import { LINEAGE } from './lineage/verb.ts';
import { LIVENESSPROBE } from './livenessprobe/verb.ts';
import { NODE_DRIVER_REGISTRAR } from './node-driver-registrar/verb.ts';
import { RELEASE } from './release/verb.ts';
import { ROLES } from './roles.ts';
import { AUDIT } from './audit/verb.ts';
import { EXPORT } from './transfer/export-verb.ts';
import { IMPORT } from './transfer/import-verb.ts';
import { TRY } from './try/verb.ts';

const TOOLS: readonly Verb[] = [
  TRY,
  EXPLAIN,
  DOCTOR,
  AUDIT,
  LINEAGE,
  IMPORT,
  EXPORT,
  INSTALL_CRDS,
  RELEASE,
  NODE_DRIVER_REGISTRAR,
  LIVENESSPROBE,
];

export const VERBS: readonly Verb[] = [
  ...TOOLS,
  completionVerb(
    TOOLS,
    sharedFlags(ROLES).map(({ flag }) => flag),
  ),
];
