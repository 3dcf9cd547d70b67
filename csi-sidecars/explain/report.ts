/** An explanation for people: whose turn it is first, then what leads there. */
import { alignRows, type Paint } from '../frame/screen.ts';
import { entryWords } from './journal.ts';
import type { Explanation } from './explanation.ts';
import { kubectlName, type Place } from '../reading/place.ts';

export function explanationLines(explained: Explanation, paint: Paint): string[] {
  const { object, turn, next, chain, heldBack, underWay, journal, lastError, finalizers, unknown } = explained;
  const isFine = turn.who === 'nobody';
  const head = `${paint.bold(kubectlName(object))}  ${isFine ? paint.good(object.state) : paint.warn(object.state)}${age(object)}`;
  return [
    head,
    `  turn of    ${isFine ? 'nobody' : paint.bold(turn.who)}: ${turn.why}`,
    ...(turn.waitsFor === undefined ? [] : [`  waits for  ${kubectlName(turn.waitsFor)}`]),
    ...(turn.command === undefined ? [] : [`  try        ${turn.command}`]),
    ...next.map(({ controller, does, step }) => `  next       ${controller}: ${does}${paint.dim(` (${step})`)}`),
    ...(heldBack === undefined ? [] : [`  held back  ${heldBack.why}`]),
    ...(underWay === undefined ? [] : [`  under way  ${underWay.controller}: ${underWay.effect}, since ${underWay.since}`]),
    ...journal.flatMap((entry) => [
      `  journal    ${kubectlName(entry.lease)}: ${entryWords(entry)}`,
      `             csi-provisioner asks until it knows, and nobody waits for that; to release it: ${entry.release}`,
    ]),
    ...(lastError === undefined
      ? []
      : [
          `  last error ${paint.bad(lastError.message)}${lastError.at === undefined ? '' : paint.dim(` (${lastError.at})`)}`,
          `             ${healing(lastError)}`,
        ]),
    ...finalizers.map(({ finalizer, owner, reason }) => `  held by    ${finalizer} of ${owner}: ${reason}`),
    ...(chain.length === 0
      ? []
      : ['', '  chain', ...alignRows(chain.map(({ relation, place, state }) => [`    ${relation}`, named(place), state]))]),
    ...(unknown.length === 0 ? [] : ['', ...unknown.map((sentence) => paint.dim(`  not known: ${sentence}`))]),
  ];
}

function age({ created, deleted }: Explanation['object']): string {
  return deleted === undefined ? (created === undefined ? '' : `, since ${created}`) : `, since ${deleted}`;
}

function named({ kind, name, namespace }: Place): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

function healing({ grpcCode, healedBy }: NonNullable<Explanation['lastError']>): string {
  const code = grpcCode === undefined ? 'no code of a driver' : grpcCode;
  switch (healedBy) {
    case 'waiting':
      return `${code}: the next try may succeed`;
    case 'change':
      return `${code}: trying again alone does not help, something has to be changed`;
    case 'unknown':
      return `${code}: whether waiting helps is not known`;
    default:
      return healedBy satisfies never;
  }
}
