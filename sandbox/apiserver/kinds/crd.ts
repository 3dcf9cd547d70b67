/**
 * CustomResourceDefinitions: what may be defined, and how a definition becomes kinds that are served.
 * A CRD serves from the moment it is stored; its status says so in the very next version.
 */
import type { Catalog } from './catalog.ts';
import { CRDS } from '../verbs/delete.ts';
import type { Json, JsonObject } from '../json.ts';
import { at, clone, ensureObject, equal, isObject, listAt, objectAt, stringAt } from '../json.ts';
import { columnOf } from '../kubectl/json-path.ts';
import { nameFaults } from '../object-meta.ts';
import type { Column, ResourceRules, ResourceType, Write } from './resource.ts';
import { applyDefaults, prune } from '../schema/prune.ts';
import type { Schema } from '../schema/schema-tree.ts';
import type { SchemaCache } from '../schema/schema-cache.ts';
import { validateObject } from '../schema/validate.ts';
import type { Cause } from '../status.ts';
import { invalidField, notSupported, required } from '../status.ts';
import type { Storage } from '../storage.ts';
import { defineKind } from './define.ts';
import { AGE_COLUMN, CREATED_COLUMN, NAME_COLUMN } from '../kubectl/table.ts';

const APPROVAL = 'api-approved.kubernetes.io';
const STANDARD_FINALIZERS: ReadonlySet<string> = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);
const PROTECTED = /(^|\.)(k8s\.io|kubernetes\.io)$/;

/** Turns stored CRDs into served kinds, and checks the ones that are to be stored. */
export class CustomResources {
  readonly #catalog: Catalog;
  readonly #schemas: SchemaCache;

  constructor(catalog: Catalog, schemas: SchemaCache) {
    this.#catalog = catalog;
    this.#schemas = schemas;
  }

  /** The CustomResourceDefinition kind itself. */
  definitionType(): ResourceType {
    return defineKind({
      group: 'apiextensions.k8s.io',
      version: 'v1',
      plural: 'customresourcedefinitions',
      kind: 'CustomResourceDefinition',
      namespaced: false,
      shortNames: ['crd', 'crds'],
      categories: ['api-extensions'],
      subresources: ['status'],
      generation: true,
      unconditionalUpdate: false,
      columns: [NAME_COLUMN, CREATED_COLUMN],
      rules: [{ prepare, validate: (write) => this.#validate(write) }],
    });
  }

  /** Follows the stored CRDs, and says in their status that they are served. */
  follow(storage: Storage): void {
    storage.subscribe(({ type, resource, stored, before }) => {
      if (resource !== CRDS) return;
      const name = stored.key;
      if (type === 'DELETED') {
        this.#catalog.remove(name);
        return;
      }
      if (before === undefined || !equal(before.object.spec, stored.object.spec)) this.#serve(stored.object);
      const settled = withStatus(stored.object);
      if (!equal(settled, stored.object)) storage.put(CRDS, name, settled);
    });
  }

  /** After a restore: serves what is stored now, and no more. */
  reload(storage: Storage): void {
    for (const type of this.#catalog.all()) if (type.custom) this.#catalog.remove(type.storage);
    for (const { object } of storage.list(CRDS, '')) this.#serve(object);
  }

  #serve(crd: JsonObject): void {
    const spec = objectAt(crd, 'spec');
    this.#catalog.remove(stringAt(crd, 'metadata', 'name') ?? '');
    for (const version of listAt(spec, 'versions')) {
      if (!isObject(version) || version.served !== true) continue;
      const { schema } = this.#schemas.read(schemaOf(version));
      this.#catalog.add(customType(spec, version, schema));
    }
  }

  #validate({ object, old, subresource }: Write): readonly Cause[] {
    if (subresource === 'status') return [];
    const spec = objectAt(object, 'spec');
    const causes = namesCauses(object, spec);
    const versions = listAt(spec, 'versions').filter(isObject);
    if (versions.length === 0) causes.push(required('spec.versions', 'must have at least one version'));
    if (versions.filter((version) => version.storage === true).length !== 1) {
      causes.push(invalidField('spec.versions', versions, 'must have exactly one version marked as storage version'));
    }
    versions.forEach((version, index) => {
      const path = `spec.versions[${index}].schema.openAPIV3Schema`;
      if (!isObject(at(version, 'schema', 'openAPIV3Schema'))) causes.push(required(path, 'schemas are required'));
      else causes.push(...this.#schemas.read(schemaOf(version)).causes.map((cause) => ({ ...cause, field: path + (cause.field ?? '') })));
    });
    for (const field of old === undefined ? [] : ['group', 'scope']) {
      if (spec[field] !== at(old, 'spec', field)) causes.push(invalidField(`spec.${field}`, spec[field], 'field is immutable'));
    }
    return causes;
  }
}

function schemaOf(version: JsonObject): JsonObject {
  return objectAt(version, 'schema', 'openAPIV3Schema');
}

function prepare({ object, old, subresource }: Write): void {
  const spec = ensureObject(object, 'spec');
  const names = ensureObject(spec, 'names');
  const kind = stringAt(names, 'kind') ?? '';
  names.singular ??= kind.toLowerCase();
  names.listKind ??= `${kind}List`;
  spec.conversion ??= { strategy: 'None' };
  if (old === undefined) {
    const storage = listAt(spec, 'versions').find((version) => at(version, 'storage') === true);
    object.status = { conditions: [], acceptedNames: { plural: '', kind: '' }, storedVersions: [stringAt(storage, 'name') ?? ''] };
  } else if (subresource === 'status') object.spec = clone(objectAt(old, 'spec'));
  else object.status = clone(objectAt(old, 'status'));
}

function namesCauses(crd: JsonObject, spec: JsonObject): Cause[] {
  const causes: Cause[] = [];
  const group = stringAt(spec, 'group') ?? '';
  const plural = stringAt(spec, 'names', 'plural') ?? '';
  const name = stringAt(crd, 'metadata', 'name') ?? '';
  if (name !== `${plural}.${group}`) causes.push(invalidField('metadata.name', name, 'must be spec.names.plural+"."+spec.group'));
  if (group === '') causes.push(required('spec.group'));
  else causes.push(...nameFaults(group, 'subdomain').map((fault) => invalidField('spec.group', group, fault)));
  for (const field of ['plural', 'kind']) if ((stringAt(spec, 'names', field) ?? '') === '') causes.push(required(`spec.names.${field}`));
  const scope = spec.scope ?? '';
  if (scope === '') causes.push(required('spec.scope'));
  else if (scope !== 'Cluster' && scope !== 'Namespaced') causes.push(notSupported('spec.scope', scope, ['Cluster', 'Namespaced']));
  if (PROTECTED.test(group) && stringAt(crd, 'metadata', 'annotations', APPROVAL) === undefined) {
    const why =
      'protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111';
    causes.push(required(`metadata.annotations[${APPROVAL}]`, why));
  }
  return causes;
}

/** NamesAccepted and Established, with the times of their first setting. */
function withStatus(crd: JsonObject): JsonObject {
  const settled = clone(crd);
  const status = ensureObject(settled, 'status');
  const now = stringAt(crd, 'metadata', 'creationTimestamp') ?? '';
  const conditions = listAt(status, 'conditions').filter(isObject);
  const approval = stringAt(crd, 'metadata', 'annotations', APPROVAL);
  const wanted: JsonObject[] = [
    ...(PROTECTED.test(stringAt(crd, 'spec', 'group') ?? '')
      ? [
          {
            type: 'KubernetesAPIApprovalPolicyConformant',
            status: 'True',
            reason: 'ApprovedAnnotation',
            message: `approved in ${approval ?? ''}`,
          },
        ]
      : []),
    { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
    { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' },
  ];
  if (at(crd, 'metadata', 'deletionTimestamp') !== undefined) {
    wanted.push({
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionInProgress',
      message: 'CustomResource deletion is in progress',
    });
  }
  status.acceptedNames = clone(objectAt(crd, 'spec', 'names'));
  status.conditions = wanted.map(
    (condition) => conditions.find((known) => known.type === condition.type) ?? { ...condition, lastTransitionTime: now },
  );
  const storage = listAt(crd, 'spec', 'versions').find((version) => at(version, 'storage') === true);
  const stored = listAt(status, 'storedVersions');
  const current = stringAt(storage, 'name') ?? '';
  if (!stored.includes(current)) status.storedVersions = [...stored, current];
  return settled;
}

function columnsOf(version: JsonObject): readonly Column[] {
  const own = listAt(version, 'additionalPrinterColumns').filter(isObject);
  if (own.length === 0) return [NAME_COLUMN, { ...AGE_COLUMN, type: 'date' }];
  return [NAME_COLUMN, ...own.map(columnOf)];
}

function texts(values: readonly Json[]): string[] {
  return values.map(String);
}

function customType(spec: JsonObject, version: JsonObject, schema: Schema): ResourceType {
  const names = objectAt(spec, 'names');
  const [group, plural, kind] = [stringAt(spec, 'group') ?? '', stringAt(names, 'plural') ?? '', stringAt(names, 'kind') ?? ''];
  const subresources = isObject(at(version, 'subresources', 'status')) ? (['status'] as const) : [];
  const served = stringAt(version, 'name') ?? '';
  const warning = stringAt(version, 'deprecationWarning') ?? `${group}/${served} ${kind} is deprecated`;
  return {
    group,
    version: served,
    plural,
    singular: stringAt(names, 'singular') ?? kind.toLowerCase(),
    kind,
    listKind: stringAt(names, 'listKind') ?? `${kind}List`,
    namespaced: spec.scope === 'Namespaced',
    shortNames: texts(listAt(names, 'shortNames')),
    categories: texts(listAt(names, 'categories')),
    storage: `${plural}.${group}`,
    subresources,
    custom: true,
    createOnUpdate: false,
    unconditionalUpdate: false,
    returnDeleted: false,
    generation: true,
    nameRule: 'subdomain',
    selectableFields: listAt(version, 'selectableFields').map((field) => (stringAt(field, 'jsonPath') ?? '').slice(1)),
    columns: columnsOf(version),
    rules: [customRules(schema, subresources.length > 0)],
    ...(version.deprecated === true ? { deprecationWarning: warning } : {}),
  };
}

function customRules(schema: Schema, hasStatus: boolean): ResourceRules {
  return {
    prepare({ object, old, subresource }) {
      if (subresource === 'status' && old !== undefined) takeStatusOnly(object, old);
      else if (hasStatus && old === undefined) delete object.status;
      else if (hasStatus && old !== undefined) {
        if (old.status === undefined) delete object.status;
        else object.status = clone(old.status);
      }
      applyDefaults(object, schema);
    },
    decode: (object) => prune(object, schema),
    validate: ({ object, old, subresource }) => validateObject({ object, old, statusOnly: subresource === 'status' }, schema),
    warnings: ({ object, old }) => finalizerWarnings(listAt(object, 'metadata', 'finalizers'), listAt(old, 'metadata', 'finalizers')),
  };
}

/** Custom resources may have finalizers without a domain, with a word of advice. */
function finalizerWarnings(finalizers: readonly Json[], before: readonly Json[]): string[] {
  const added = texts(finalizers).filter(
    (finalizer) => !before.includes(finalizer) && !finalizer.includes('/') && !STANDARD_FINALIZERS.has(finalizer),
  );
  const advice = (finalizer: string): string => (finalizer.includes('.') ? ' including a path (/)' : '');
  return added.map((finalizer) => {
    const name = JSON.stringify(finalizer);
    return `metadata.finalizers: ${name}: prefer a domain-qualified finalizer name${advice(finalizer)} to avoid accidental conflicts with other finalizer writers`;
  });
}

/** The status path changes nothing but the status; of the metadata only what conditions the write. */
function takeStatusOnly(object: JsonObject, old: JsonObject): void {
  const { status, metadata } = object;
  for (const key of Object.keys(object)) delete object[key];
  Object.assign(object, clone(old));
  if (status === undefined) delete object.status;
  else object.status = status;
  ensureObject(object, 'metadata').resourceVersion = at(metadata, 'resourceVersion') ?? null;
}
