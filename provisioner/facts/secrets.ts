/**
 * Which secret serves which purpose: names made from class parameters by templates. Only names are dealt
 * with here; a secret's content never enters a state, a log or a record. Source: the Go csi-provisioner
 * (secrets and credentials), CSI developer documentation.
 */
import type { PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import type { SecretName } from '../../lib/sidecar/secret.ts';
import { fillSecret } from '../../lib/sidecar/secret-template.ts';
import { RESERVED_PREFIX } from './names.ts';

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
  const own = templatesOf(purpose, parameters);
  const templates =
    own.kind === 'none' ? pair('default', parameters, [`${RESERVED_PREFIX}secret-name`, `${RESERVED_PREFIX}secret-namespace`]) : own;
  return templates.kind === 'secret' ? resolve(templates.ref, subject) : templates;
}

function templatesOf(purpose: Purpose, parameters: Parameters): SecretResult {
  const current = pair(purpose, parameters, [`${RESERVED_PREFIX}${purpose}-secret-name`, `${RESERVED_PREFIX}${purpose}-secret-namespace`]);
  const stem = DEPRECATED[purpose];
  if (stem === undefined) return current;
  const deprecated = pair(purpose, parameters, [`${stem}Name`, `${stem}Namespace`]);
  if (current.kind === 'none') return deprecated;
  if (deprecated.kind === 'none') return current;
  return invalid(`the ${purpose} secret is given with both the ${stem} and the ${RESERVED_PREFIX} keys`);
}

function pair(purpose: string, parameters: Parameters, [nameKey, namespaceKey]: readonly [string, string]): SecretResult {
  const name = parameters[nameKey];
  const namespace = parameters[namespaceKey];
  if (name === undefined && namespace === undefined) return { kind: 'none' };
  if (name === undefined || namespace === undefined) return invalid(`the ${purpose} secret needs both ${nameKey} and ${namespaceKey}`);
  if (name === '' || namespace === '') return invalid(`the ${purpose} secret has an empty ${name === '' ? nameKey : namespaceKey}`);
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
    return invalid(`${quoted(template, filled.text)} is no valid ${filled.part === 'name' ? 'secret' : 'namespace'} name`);
  const told = invalid(`secret template "${template}" has unknown tokens: ${filled.unknown.join(', ')}`);
  return filled.namespace === undefined ? told : { ...told, namespace: filled.namespace };
}

function quoted(template: string, text: string): string {
  return template === text ? `"${text}"` : `"${template}" resolved to "${text}", which`;
}

function invalid(message: string): SecretResult & { readonly kind: 'invalid' } {
  return { kind: 'invalid', message };
}
