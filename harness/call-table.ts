import { isJournal } from './journal-entries.ts';
/** Calls per object, program and verb, from what an audit log tells. Pure: the log is read elsewhere. */

export interface CountedCall {
  readonly user: string;
  readonly verb: string;
  readonly resource: string;
  readonly name: string;
  readonly code: number;
}

export interface ProgramCalls {
  readonly program: string;
  readonly perObject: number;
  /** `patch volumesnapshotcontents/status` → calls per object, most frequent first. */
  readonly byVerb: readonly (readonly [string, number])[];
}

export interface PhaseCalls {
  readonly phase: string;
  readonly perObject: number;
  readonly programs: readonly ProgramCalls[];
}

/**
 * Watches are connections, not calls, and a held election lease is renewed by time, not by work: both
 * stay out. The journal of a provisioner counts: it is written for objects.
 */
export function isCounted({ verb, resource, name }: CountedCall): boolean {
  if (verb === 'watch') return false;
  return resource !== 'leases' || isJournal(name);
}

export interface PhaseInput {
  readonly phase: string;
  readonly objects: number;
  readonly calls: readonly CountedCall[];
  /** Users of the programs to count, in the order to show them. */
  readonly programs: readonly string[];
}

export function countPhase({ phase, objects, calls, programs }: PhaseInput): PhaseCalls {
  const counted = programs.map((program): ProgramCalls => {
    const own = calls.filter((call) => call.user === program && isCounted(call));
    const verbs = new Map<string, number>();
    for (const { verb, resource, code } of own) {
      const key = `${verb} ${resource}${code >= 400 ? ` (${code})` : ''}`;
      verbs.set(key, (verbs.get(key) ?? 0) + 1);
    }
    const byVerb = [...verbs].map(([key, count]) => [key, count / objects] as const);
    return { program, perObject: own.length / objects, byVerb: byVerb.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)) };
  });
  return { phase, perObject: counted.reduce((sum, { perObject }) => sum + perObject, 0), programs: counted };
}

/** Text for a terminal: both sides of each phase, then where each call comes from. */
export function callTable(sides: readonly { readonly side: string; readonly phases: readonly PhaseCalls[] }[]): string {
  const lines: string[] = [];
  const phases = sides[0]?.phases.map(({ phase }) => phase) ?? [];
  lines.push(row(['calls per object', ...sides.map(({ side }) => side)]));
  for (const phase of phases)
    lines.push(row([phase, ...sides.map((side) => figure(side.phases.find((entry) => entry.phase === phase)?.perObject ?? 0))]));
  for (const { side, phases: own } of sides) {
    for (const { phase, programs } of own) {
      lines.push('', `${side}: ${phase}`);
      for (const { program, perObject, byVerb } of programs.filter((entry) => entry.perObject > 0)) {
        lines.push(`  ${program} ${figure(perObject)}`, ...byVerb.map(([verb, count]) => `    ${figure(count).padStart(6)}  ${verb}`));
      }
    }
  }
  return `${lines.join('\n')}\n`;
}

function row(cells: readonly string[]): string {
  return cells.map((cell, index) => (index === 0 ? cell.padEnd(18) : cell.padStart(13))).join('');
}

function figure(value: number): string {
  return value.toFixed(2);
}
