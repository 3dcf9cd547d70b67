/**
 * Which secret serves which purpose: names made from class parameters by templates. Only names are dealt
 * with here; a secret's content never enters a state, a log or a record. Source: the Go csi-provisioner
 * (secrets and credentials), CSI developer documentation.
 */
import type { PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import type { SecretName } from '../../lib/sidecar/secret.ts';
import { fillSecret } from '../../lib/sidecar/secret-template.ts';
import { RESERVED_PREFIX } from './names.ts';
import { quoted, words } from './peer-words.ts';

export type Purpose =
  | 'provisioner'
  | 'controller-publish'
  | 'node-stage'
  | 'node-publish'
  | 'controller-expand'
  | 'node-expand'
  | 'controller-modify';

export const PURPOSES: readonly Purpose[] = [
  'provisioner',
  'controller-publish',
  'node-stage',
  'node-publish',
  'controller-expand',
  'node-expand',
  'controller-modify',
];

/** Parameters without the prefix, older than it. Only these four purposes had them. */
const DEPRECATED: Partial<Record<Purpose, string>> = {
  provisioner: 'csiProvisionerSecret',
  'controller-publish': 'csiControllerPublishSecret',
  'node-stage': 'csiNodeStageSecret',
  'node-publish': 'csiNodePublishSecret',
};

export type Parameters = Readonly<Record<string, string>>;

export type SecretResult =
  | { readonly kind: 'none' }
  | { readonly kind: 'secret'; readonly ref: SecretName }
  /** `namespace`: what is certain of it where only the name could not be made. */
  | { readonly kind: 'invalid'; readonly message: string; readonly namespace?: string };

/** What the templates may refer to. Without a claim object its annotations are unknown tokens. */
export interface TemplateSubject {
  readonly volumeName: string;
  readonly claim: { readonly namespace: string; readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
}

export function subjectOf(claim: PersistentVolumeClaim, volumeName: string): TemplateSubject {
  const { namespace = '', name = '', annotations } = claim.metadata ?? {};
  return { volumeName, claim: { namespace, name, annotations: annotations ?? {} } };
}

/** The secret for `purpose`, or the class's default secret, or none. */
export function secretFor(purpose: Purpose, parameters: Parameters, subject: TemplateSubject): SecretResult {
  const own = pair(keysOf(purpose), parameters);
  if (own.kind === 'invalid') return invalid(`failed to get name and namespace template from params: ${own.message}`);
  const templates = own.kind === 'none' ? pair(DEFAULT, parameters) : own;
  if (templates.kind === 'invalid') return invalid(`failed to get default name and namespace template from params: ${templates.message}`);
  return templates.kind === 'secret' ? resolve(templates.ref, subject) : templates;
}

interface Keys {
  /** As the Go program calls the secret. */
  readonly title: string;
  /** Either key of a list will do, not both. */
  readonly name: readonly string[];
  readonly namespace: readonly string[];
}

const DEFAULT: Keys = { title: 'Default', name: [`${RESERVED_PREFIX}secret-name`], namespace: [`${RESERVED_PREFIX}secret-namespace`] };

function keysOf(purpose: Purpose): Keys {
  const stem = DEPRECATED[purpose];
  const older = (end: string): readonly string[] => (stem === undefined ? [] : [`${stem}${end}`]);
  return {
    title: purpose.replace(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase()),
    name: [`${RESERVED_PREFIX}${purpose}-secret-name`, ...older('Name')],
    namespace: [`${RESERVED_PREFIX}${purpose}-secret-namespace`, ...older('Namespace')],
  };
}

function pair({ title, ...keys }: Keys, parameters: Parameters): SecretResult {
  const names = keys.name.flatMap((key) => parameters[key] ?? []);
  const namespaces = keys.namespace.flatMap((key) => parameters[key] ?? []);
  if (names.length > 1 || namespaces.length > 1)
    return invalid(`${title} secrets specified in parameters with both "csi" and "${RESERVED_PREFIX}" keys`);
  const [name] = names;
  const [namespace] = namespaces;
  if (name === undefined && namespace === undefined) return { kind: 'none' };
  if (name === undefined || namespace === undefined)
    return invalid(
      words(
        `either name and namespace for ${title} secrets specified, Both must be specified`,
        `${keys.name[0] ?? ''} and ${keys.namespace[0] ?? ''}`,
      ),
    );
  if (name === '' || namespace === '')
    return invalid(`${title} secrets specified in parameters but value of either namespace or name is empty`);
  return { kind: 'secret', ref: { name, namespace } };
}

function resolve(templates: SecretName, { volumeName, claim }: TemplateSubject): SecretResult {
  const namespace = new Map([
    ['pv.name', volumeName],
    ['pvc.namespace', claim.namespace],
  ]);
  const name = new Map([...namespace, ['pvc.name', claim.name]]);
  for (const [key, value] of Object.entries(claim.annotations ?? {})) name.set(`pvc.annotations['${key}']`, value);
  const filled = fillSecret(templates, { namespace, name });
  if (filled.kind === 'secret') return filled;
  const template = templates[filled.part];
  if (filled.kind === 'no-name')
    return invalid(`${resolved(template, filled.text)} is not a valid ${filled.part === 'name' ? 'secret' : 'namespace'} name`);
  const unknown = [...new Set(filled.unknown)].sort();
  const told = invalid(`error resolving value ${quoted(template)}: invalid tokens: [${unknown.map(quoted).join(' ')}]`);
  return filled.namespace === undefined ? told : { ...told, namespace: filled.namespace };
}

function resolved(template: string, text: string): string {
  return template === text ? quoted(text) : `${quoted(template)} resolved to ${quoted(text)} which`;
}

function invalid(message: string): SecretResult & { readonly kind: 'invalid' } {
  return { kind: 'invalid', message };
}
