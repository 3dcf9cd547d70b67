/**
 * The one list of what our programs and kubectl rely on in an API server. It runs on a real
 * kube-apiserver, which is right by definition, and on the sandbox, which is mended until it agrees.
 *
 * A case asserts what the real server does, never what we wish it did; where an answer is prose, a
 * case looks at codes, reasons, fields and causes only.
 */
import { binderCases } from './cases/binder.ts';
import { createCases } from './cases/create.ts';
import { customResourceCases } from './cases/custom-resources.ts';
import { deleteCases } from './cases/delete.ts';
import { discoveryCases } from './cases/discovery.ts';
import { patchCases } from './cases/patches.ts';
import { readCases } from './cases/read.ts';
import { recordCases } from './cases/records.ts';
import { snapshotKindCases } from './cases/snapshot-kinds.ts';
import { statusCases } from './cases/status.ts';
import { tableCases } from './cases/tables.ts';
import { versionCases } from './cases/versions.ts';
import { volumeCases } from './cases/volumes.ts';
import { watchCases } from './cases/watch.ts';
import type { Case } from './lab.ts';

export const conformanceCases: readonly Case[] = [
  ...discoveryCases,
  ...createCases,
  ...readCases,
  ...watchCases,
  ...versionCases,
  ...patchCases,
  ...deleteCases,
  ...statusCases,
  ...snapshotKindCases,
  ...customResourceCases,
  ...tableCases,
  ...volumeCases,
  ...binderCases,
  ...recordCases,
];
