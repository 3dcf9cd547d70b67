/**
 * A verb's command line → its exit code, the same for all of them: 0 fine, 1 found something (or could not
 * look), 2 usage. `--output=json` has one object on standard output: `schema`, `ok`, and what docs/verbs/ says.
 */
import { ApiError, isForbidden } from '../../lib/kube/api-error.ts';
import { faultsOf } from '../../lib/process/fault-lines.ts';
import { scanFlags } from '../../lib/process/flag-syntax.ts';
import type { Flag } from '../../lib/process/flag.ts';
import { readFlags } from '../../lib/process/flags.ts';
import { verbHelp } from './help.ts';
import { paintFor } from './screen.ts';
import type { Verb, VerbPlace } from './verb.ts';

const OUTPUT_FLAG = {
  name: 'output',
  letter: 'o',
  type: 'string',
  default: 'text',
  help: 'text for people, or json: one object on standard output, as docs/verbs/ describes it.',
  origin: 'ours',
  choices: ['text', 'json'],
} as const satisfies Flag;

/** What may stand behind the verb's name. */
export function flagsOf(verb: Verb): readonly Flag[] {
  return [...verb.flags, OUTPUT_FLAG];
}

/** Never rejects. */
export async function runVerb(verb: Verb, place: VerbPlace, argv: readonly string[]): Promise<number> {
  const { screen } = place;
  const flags = flagsOf(verb);
  const scanned = scanFlags(argv, 'pflag', flags);
  if (scanned.help !== undefined) {
    screen.out(verbHelp(verb, flags));
    return 0;
  }
  const values = readFlags(flags, scanned.given);
  const faults = [...scanned.faults, ...operandFaults(verb, scanned.rest), ...values.faults];
  if (faults.length > 0) {
    for (const fault of faults) screen.err(`${verb.name}: ${fault}`);
    screen.err(`${verb.name}: for example ${verb.example}; csi-sidecars ${verb.name} --help says more`);
    return 2;
  }
  const json = values.get('output') === 'json';
  const print = (ok: boolean, more: object): void => {
    screen.out(JSON.stringify({ schema: `csi-sidecars/${verb.name}.v${verb.schemaVersion}`, ok, ...more }));
  };
  try {
    const result = await verb.run(place, { operand: scanned.rest[0], values });
    if (json) print(!result.found, result.json);
    else for (const line of result.lines(paintFor(screen))) screen.out(line);
    return result.found ? 1 : 0;
  } catch (error) {
    const { lines, exitCode } = told(error);
    for (const line of lines) screen.err(`${verb.name}: ${line}`);
    if (json) print(false, { error: lines.join('; ') });
    return exitCode;
  }
}

function operandFaults({ name, operand }: Verb, rest: readonly string[]): string[] {
  const [first, ...more] = rest;
  if (operand === undefined) return rest.map((word) => `${JSON.stringify(word)} is no flag: ${name} takes flags only`);
  if (first === undefined) return operand.required ? [`which one? Write ${name} ${operand.name}`] : [];
  const strange = operand.choices?.includes(first) === false ? [`${JSON.stringify(first)} is none of ${operand.choices.join(', ')}`] : [];
  return [...strange, ...more.map((word) => `${JSON.stringify(word)} is one too many: ${name} takes one ${operand.name}`)];
}

function told(error: unknown): { readonly lines: readonly string[]; readonly exitCode: number } {
  if (error instanceof ApiError && error.status === 0)
    return {
      lines: [`the API server does not answer (${error.message}): check the server in the kubeconfig, and that it runs`],
      exitCode: 1,
    };
  if (error instanceof ApiError && error.status === 401)
    return {
      lines: [`the API server refuses the login (${error.message}): the kubeconfig is of another cluster, or its token has run out`],
      exitCode: 1,
    };
  if (isForbidden(error)) return { lines: [`${error.message}: run this as somebody who may do that`], exitCode: 1 };
  return faultsOf(error);
}
