/**
 * Whether a cluster's CRD will do for the programs of this release, and whether this release's may take
 * its place. Pure: two CRDs in, a verdict out.
 *
 * Needed is what this release's CRD serves: versions, fields, rules, the status subresource. Columns, short
 * names and descriptions are nobody's need. Nothing is ever replaced that knows something ours does not: it
 * is newer, or somebody's own.
 */
import type { Crd, CrdSchema, CrdVersion } from './crd.ts';

export interface Verdict {
  /**
   * `good`: as good as ours, whatever else it has. `older`: enough for the programs, but an old API version
   * that ours serves for other clients is missing. `lacking`: the programs need what `gaps` says.
   */
  readonly state: 'missing' | 'good' | 'older' | 'lacking';
  /** What is missing, a phrase each. */
  readonly gaps: readonly string[];
  /** Why ours may not take its place, a sentence each. Of interest only if there are gaps. */
  readonly blockers: readonly string[];
}

/** The version that the programs read and write, in both groups. */
const NEEDED_VERSION = 'v1';

export function judgeCrd(ours: Crd, theirs: Crd | undefined): Verdict {
  if (theirs === undefined) return { state: 'missing', gaps: ['it does not exist'], blockers: [] };
  const needed: string[] = [];
  const older: string[] = [];
  for (const version of ours.spec?.versions ?? []) {
    if (version.served !== true) continue;
    const gaps = versionGaps(version, findVersion(theirs, version.name));
    (version.name === NEEDED_VERSION ? needed : older).push(...gaps);
  }
  if (theirs.spec?.scope !== ours.spec?.scope) needed.push(`scope is ${theirs.spec?.scope}, not ${ours.spec?.scope}`);
  const state = needed.length > 0 ? 'lacking' : older.length > 0 ? 'older' : 'good';
  return { state, gaps: [...needed, ...older], blockers: blockersOf(ours, theirs) };
}

function findVersion(crd: Crd, name: string | undefined): CrdVersion | undefined {
  return crd.spec?.versions?.find((version) => version.name === name);
}

function versionGaps(ours: CrdVersion, theirs: CrdVersion | undefined): string[] {
  const name = ours.name ?? '';
  if (theirs === undefined) return [`version ${name} does not exist`];
  const gaps = theirs.served === true ? [] : [`version ${name} is not served`];
  if (ours.subresources?.status !== undefined && theirs.subresources?.status === undefined)
    gaps.push(`version ${name} has no status subresource`);
  return [...gaps, ...schemaGaps(ours.schema?.openAPIV3Schema ?? {}, theirs.schema?.openAPIV3Schema ?? {}, `${name} `)];
}

/** What `theirs` would prune or refuse, or let pass, that `ours` would not. `at` ends where a field name may begin. */
function schemaGaps(ours: CrdSchema, theirs: CrdSchema, at: string): string[] {
  // Whatever is below here is stored as it comes.
  if (theirs['x-kubernetes-preserve-unknown-fields'] === true) return [];
  const where = at.trimEnd().replace(/\.$/, '');
  if (ours.type !== undefined && theirs.type !== undefined && ours.type !== theirs.type)
    return [`${where} has type ${theirs.type}, not ${ours.type}`];
  const gaps: string[] = [];
  if (theirs.enum !== undefined) {
    const refused = (ours.enum ?? []).filter((value) => !theirs.enum?.includes(value));
    gaps.push(...refused.map((value) => `${where} refuses the value ${String(value)}`));
  }
  const rules = new Set(rulesOf(theirs).map(({ rule }) => rule));
  for (const { rule, message } of rulesOf(ours)) if (!rules.has(rule)) gaps.push(`${where} lacks the rule "${message}"`);
  for (const [name, schema] of Object.entries(ours.properties ?? {})) {
    const other = theirs.properties?.[name];
    if (other !== undefined) gaps.push(...schemaGaps(schema, other, `${at}${name}.`));
    // The server knows these of every object.
    else if (!(at.endsWith(' ') && ['apiVersion', 'kind', 'metadata'].includes(name))) gaps.push(`${at}${name} is not a field`);
  }
  if (ours.items !== undefined) gaps.push(...schemaGaps(ours.items, theirs.items ?? {}, `${where}[].`));
  return gaps;
}

function rulesOf(schema: CrdSchema): { readonly rule: string; readonly message: string }[] {
  return (schema['x-kubernetes-validations'] ?? []).map(({ rule = '', message }) => ({
    rule: rule.replace(/\s+/g, ' ').trim(),
    message: message ?? rule,
  }));
}

function blockersOf(ours: Crd, theirs: Crd): string[] {
  const blockers: string[] = [];
  if (theirs.spec?.scope !== ours.spec?.scope) blockers.push('the scope of a CRD cannot change: delete it, and all its objects with it');
  const known = new Set((ours.spec?.versions ?? []).map(({ name }) => name));
  for (const stored of theirs.status?.storedVersions ?? [])
    if (!known.has(stored)) blockers.push(`objects were stored as ${stored}: migrate them and take ${stored} out of status.storedVersions`);
  for (const version of theirs.spec?.versions ?? []) {
    if (version.served !== true) continue;
    const own = findVersion(ours, version.name);
    const more = own === undefined ? unknownVersion(version) : extras(version, own);
    blockers.push(...more.map((extra) => `it is newer or somebody's own: ${extra}`));
  }
  return blockers;
}

/** An alpha or beta that this release has dropped is old; anything else that it does not know is new. */
function unknownVersion({ name = '' }: CrdVersion): string[] {
  return /^v1(alpha|beta)\d+$/.test(name) ? [] : [`version ${name} is unknown to this release`];
}

/** The same comparison the other way round: what ours would prune or no longer check. */
function extras(theirs: CrdVersion, ours: CrdVersion): string[] {
  return schemaGaps(theirs.schema?.openAPIV3Schema ?? {}, ours.schema?.openAPIV3Schema ?? {}, `${theirs.name ?? ''} `).map((gap) =>
    gap
      .replace(/ is not a field$/, ' is a field')
      .replace(/ lacks the rule /, ' has the rule ')
      .replace(/ refuses the value /, ' allows the value '),
  );
}
