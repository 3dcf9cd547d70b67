/** The first word of `csi-sidecars` decides: a verb, help, or, where there is none but flags, the sidecars themselves. */
import { ConfigError } from '../../lib/errors/config-error.ts';
import { nearest } from '../../lib/process/nearest.ts';
import type { Verb } from './verb.ts';

export type Way =
  | { readonly kind: 'roles' }
  | { readonly kind: 'help' }
  | { readonly kind: 'verb'; readonly verb: Verb; readonly argv: readonly string[] };

/** A kubectl plugin is asked questions: alone, it must not start controllers on the cluster of whoever types it. */
const PLUGIN = 'kubectl-csi';

/** `calledAs` is the file name of the program as it was started. Throws ConfigError (exit code 2) for a word that is no verb. */
export function chooseWay(
  argv: readonly string[],
  { verbs, calledAs }: { readonly verbs: readonly Verb[]; readonly calledAs: string },
): Way {
  const [first, ...rest] = argv;
  if (first === undefined) return { kind: calledAs === PLUGIN ? 'help' : 'roles' };
  if (first.startsWith('-')) return { kind: 'roles' };
  if (first === 'help')
    return rest[0] === undefined ? { kind: 'help' } : { kind: 'verb', verb: findVerb(rest[0], verbs), argv: ['--help'] };
  return { kind: 'verb', verb: findVerb(first, verbs), argv: rest };
}

function findVerb(word: string, verbs: readonly Verb[]): Verb {
  const verb = verbs.find(({ name }) => name === word);
  if (verb !== undefined) return verb;
  const names = verbs.map(({ name }) => name);
  const near = nearest(word, names);
  const hint = near === undefined ? `there are ${names.join(', ')}` : `did you mean ${near}? There are ${names.join(', ')}`;
  throw new ConfigError(`unknown verb ${JSON.stringify(word)}: ${hint}; csi-sidecars --help says what they do`, { exitCode: 2 });
}
