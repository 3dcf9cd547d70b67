/** The texts of `--help`: one screen of the program, the flags of its roles, and a page for each verb. */
import { type SharedFlag, sharedFlags } from '../../lib/process/command-line.ts';
import { pflagDefaults } from '../../lib/process/flag-help.ts';
import type { Flag } from '../../lib/process/flag.ts';
import type { RolePlan } from '../../lib/process/role-plan.ts';
import { alignRows } from './screen.ts';
import type { Operand, Verb } from './verb.ts';

const PROGRAM = 'csi-sidecars';

export function programHelp(verbs: readonly Verb[], plans: readonly RolePlan[]): string {
  const roles = plans.map(({ name }) => name).join(',');
  return `${PROGRAM}: the Kubernetes CSI sidecars in one process, and tools that say why a volume or a snapshot does not move.

Example:
  ${PROGRAM} explain pvc/data -n team

Tools: ${PROGRAM} VERB [flags]
${alignRows(verbs.map(({ name, about }) => [`  ${name}`, about])).join('\n')}

The sidecars themselves: ${PROGRAM} [flags], without a verb
  ${PROGRAM} --roles=${roles} --csi-address=unix:///run/csi/socket

Flags:
  ${PROGRAM} VERB --help    of a verb, with an example
  ${PROGRAM} --help=flags   of the sidecars, each once, with the roles that take it
  ${PROGRAM} --version

A verb exits 0 where all is fine, 1 where it found something, 2 where its command line is wrong.
`;
}

/** Each flag of the roles once, under the roles that take it. */
export function rolesHelp(plans: readonly RolePlan[]): string {
  const groups = new Map<string, Flag[]>();
  for (const { flag, roles } of sharedFlags(plans)) {
    const title = roles.length === plans.length ? 'All roles' : roles.join(', ');
    groups.set(title, [...(groups.get(title) ?? []), flag]);
  }
  const sections = [...groups].map(([title, flags]) => `${title}:\n${pflagDefaults(sorted(flags))}`);
  return `Flags of ${PROGRAM} without a verb, each under the roles that take it. A flag given plain sets every role that has it;
with a role's name before it (--${plans.at(-1)?.name ?? ''}.timeout=20s) that role only, where it is not one of the process.

${sections.join('\n')}`;
}

export function verbHelp(verb: Verb, flags: readonly Flag[]): string {
  const { name, about, example, operand } = verb;
  return `Example: ${example}

${PROGRAM} ${name}${operand === undefined ? '' : ` ${shown(operand)}`} [flags]
${about[0]?.toUpperCase() ?? ''}${about.slice(1)}.

${pflagDefaults(sorted(flags))}
Exit code: 0 fine, 1 found something, 2 usage.`;
}

function shown({ name, required, choices }: Operand): string {
  const word = choices === undefined ? name : choices.join('|');
  return required ? word : `[${word}]`;
}

/** No Go program has a tool, so there is nothing to mark as "not in the Go program" here. */
function sorted(flags: readonly SharedFlag['flag'][]): Flag[] {
  return [...flags]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ origin, ...flag }) => ({ ...flag, origin: origin === 'ours' ? 'peer' : origin }));
}
