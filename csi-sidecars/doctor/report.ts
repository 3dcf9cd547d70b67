/** Findings for people: what is wrong first, then where, since when, what it breaks, what mends it. */
import type { Paint } from '../frame/screen.ts';
import type { NamedFinding, Unchecked } from './finding.ts';
import { kubectlName } from '../reading/place.ts';

export interface Report {
  readonly findings: readonly NamedFinding[];
  readonly unchecked: readonly Unchecked[];
  /** How many objects were looked at, by kind. */
  readonly looked: Readonly<Record<string, number>>;
}

export function reportLines({ findings, unchecked, looked }: Report, paint: Paint): string[] {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const counted = Object.entries(looked)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ');
  const told = findings.flatMap(({ severity, check, what, where, since, breaks, fix }) => [
    `${severity === 'error' ? paint.bad('error  ') : paint.warn('warning')} ${paint.bold(kubectlName(where))}  ${paint.dim(check)}`,
    `        ${what}${since === undefined ? '' : paint.dim(` (since ${since})`)}`,
    `        breaks: ${breaks}`,
    `        fix:    ${fix}`,
    '',
  ]);
  const blind = unchecked.map(({ what, why }) => paint.dim(`not checked: ${what}: ${why}`));
  const verdict =
    findings.length === 0
      ? paint.good('nothing wrong was found')
      : `${errors} ${errors === 1 ? 'error' : 'errors'}, ${findings.length - errors} ${findings.length - errors === 1 ? 'warning' : 'warnings'}`;
  return [...told, ...blind, `${verdict}; looked at ${counted === '' ? 'nothing' : counted}`];
}
