/** A trial as JUnit XML: a suite of steps and one of clauses, as CI systems show them. */
import type { ClauseResult, StepResult, TryReport } from '../record.ts';
import { escapeMarkup } from '../../frame/escape.ts';

export function reportAsJunit({ steps, clauses, driver, tookMs }: TryReport): string {
  const name = driver?.name ?? 'unknown driver';
  const suites = [suite(`${name}: steps`, steps.map(stepCase)), suite(`${name}: CSI specification`, clauses.map(clauseCase))];
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="csi-sidecars try" time="${seconds(tookMs)}">\n${suites.join('')}</testsuites>\n`;
}

interface Case {
  readonly xml: string;
  readonly state: 'passed' | 'failed' | 'skipped';
}

function suite(name: string, cases: readonly Case[]): string {
  const count = (state: string): number => cases.filter((each) => each.state === state).length;
  const head = `name="${escapeMarkup(name)}" tests="${cases.length}" failures="${count('failed')}" skipped="${count('skipped')}" errors="0"`;
  return `  <testsuite ${head}>\n${cases.map(({ xml }) => xml).join('')}  </testsuite>\n`;
}

function stepCase({ id, title, verdict, detail, tookMs }: StepResult): Case {
  const state = verdict === 'ok' ? 'passed' : verdict;
  return { state, xml: testCase({ group: `step.${id}`, title, tookMs, state, text: detail }) };
}

function clauseCase({ id, section, sentence, verdict, breaches }: ClauseResult): Case {
  const state = ({ kept: 'passed', broken: 'failed', unseen: 'skipped' } as const)[verdict];
  const text = verdict === 'unseen' ? 'nothing put it to the test' : breaches.map((breach) => breach.text).join('\n');
  return { state, xml: testCase({ group: `clause.${id}`, title: `${section}: ${sentence}`, tookMs: 0, state, text }) };
}

function testCase(input: {
  readonly group: string;
  readonly title: string;
  readonly tookMs: number;
  readonly state: Case['state'];
  readonly text: string;
}): string {
  const { group, title, tookMs, state, text } = input;
  const head = `    <testcase classname="${escapeMarkup(group)}" name="${escapeMarkup(title)}" time="${seconds(tookMs)}"`;
  const [first = ''] = text.split('\n');
  switch (state) {
    case 'passed':
      return `${head}/>\n`;
    case 'skipped':
      return `${head}><skipped message="${escapeMarkup(first)}"/></testcase>\n`;
    case 'failed':
      return `${head}><failure message="${escapeMarkup(first)}">${escapeMarkup(text)}</failure></testcase>\n`;
  }
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
