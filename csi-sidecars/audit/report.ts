/** An audit for people: findings by cause, the remedy, and what was not looked at. */
import type { Paint } from '../frame/screen.ts';
import { alignRows } from '../frame/screen.ts';
import type { Cause, Finding } from './causes.ts';
import { CAUSES } from './causes.ts';
import type { Deed } from './clean.ts';

export interface AuditReport {
  readonly driver: string;
  /** How much was compared; undefined: the driver does not list it. */
  readonly volumes: number | undefined;
  readonly snapshots: number | undefined;
  readonly findings: readonly Finding[];
  readonly underWay: number;
  /** What could not be looked at, a sentence each. */
  readonly unread: readonly string[];
  /** With --clean. */
  readonly deeds: readonly Deed[] | undefined;
}

const SHOWN = 20;

export function auditLines(report: AuditReport, paint: Paint): string[] {
  const { driver, volumes, snapshots, findings, underWay, unread, deeds } = report;
  const causes = [...new Set(findings.map(({ cause }) => cause))];
  const lines = causes.flatMap((cause) => [
    ...causeLines(
      cause,
      findings.filter((finding) => finding.cause === cause),
      paint,
    ),
    '',
  ]);
  for (const sentence of unread) lines.push(`${paint.warn('Not looked at')}: ${sentence}`);
  const looked = [
    volumes === undefined ? 'no list of volumes' : `${volumes} volumes`,
    snapshots === undefined ? 'no list of snapshots' : `${snapshots} snapshots`,
  ];
  lines.push(
    `${driver}: ${looked.join(', ')}; ${findings.length} found on one side only${underWay === 0 ? '' : `, ${underWay} more are being made`}`,
  );
  if (deeds !== undefined) lines.push(...deedLines(deeds, paint));
  return lines;
}

function causeLines(cause: Cause, findings: readonly Finding[], paint: Paint): string[] {
  const { title, remedy } = CAUSES[cause];
  const rows = findings
    .slice(0, SHOWN)
    .map(({ id, object, detail }) => [`  ${object ?? id}`, object === undefined ? detail : `${id}, ${detail}`]);
  const more = findings.length > SHOWN ? [`  and ${findings.length - SHOWN} more: --output=json names all`] : [];
  const reasons = new Map<string, number>();
  for (const { keep } of findings) if (keep !== undefined) reasons.set(keep, (reasons.get(keep) ?? 0) + 1);
  return [
    `${paint.bold(title)}: ${paint.bad(String(findings.length))}`,
    ...alignRows(rows),
    ...more,
    `  ${remedy}`,
    ...[...reasons].map(([reason, count]) => paint.warn(`  --clean leaves ${count === findings.length ? 'them' : count}: ${reason}`)),
  ];
}

function deedLines(deeds: readonly Deed[], paint: Paint): string[] {
  const count = (result: Deed['result']): number => deeds.filter((deed) => deed.result === result).length;
  const others = deeds.filter(({ result }) => result !== 'deleted');
  return [
    `Deleted ${count('deleted')}, left ${count('left')}, failed ${count('failed')}`,
    ...others
      .slice(0, SHOWN)
      .map(
        ({ finding, result, detail }) => `  ${result === 'failed' ? paint.bad(result) : result} ${finding.kind} ${finding.id}: ${detail}`,
      ),
  ];
}
