/** PersistentVolumeClaim: defaults, the default StorageClass, data sources, what may change later. */
import type { Json, JsonObject } from '../json.ts';
import { at, clone, ensureObject, equal, isObject, listAt, objectAt, stringAt } from '../json.ts';
import { nameFaults } from '../object-meta.ts';
import type { Lookup, ResourceRules, Write } from './resource.ts';
import { storageName } from './resource.ts';
import type { Cause } from '../status.ts';
import { forbidden, forbiddenField, invalidField, notSupported, required } from '../status.ts';
import { canonicalizeQuantities, quantityValue } from './quantity.ts';
import { protectionFinalizer, setDefault, statusPart } from './status-part.ts';

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const VOLUME_MODES = ['Block', 'Filesystem'];
const CLASSES = storageName('storage.k8s.io', 'storageclasses');
const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';
const IS_DEFAULT = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];
const SNAPSHOT_GROUP = 'snapshot.storage.k8s.io';

/** The default class that was made last; ties go to the first name. */
export function defaultClass(lookup: Lookup): string | undefined {
  let best: { readonly name: string; readonly created: string } | undefined;
  // In order of names: the first of equals stays.
  for (const item of lookup.list(CLASSES)) {
    if (!IS_DEFAULT.some((mark) => at(item, 'metadata', 'annotations', mark) === 'true')) continue;
    const { name, creationTimestamp } = objectAt(item, 'metadata');
    const created = String(creationTimestamp ?? '');
    if (best === undefined || created > best.created) best = { name: String(name), created };
  }
  return best?.name;
}

/** A claim's class: the annotation that came first historically wins. */
export function classOf(claim: JsonObject): string | undefined {
  return stringAt(claim, 'metadata', 'annotations', BETA_CLASS) ?? stringAt(claim, 'spec', 'storageClassName');
}

function isPlainSource(source: Json | undefined): boolean {
  const group = stringAt(source, 'apiGroup') ?? '';
  const kind = stringAt(source, 'kind');
  return (group === '' && kind === 'PersistentVolumeClaim') || (group === SNAPSHOT_GROUP && kind === 'VolumeSnapshot');
}

/** Each of dataSource and dataSourceRef stands for the other, unless a namespace is named. */
function mirrorDataSources(spec: JsonObject, old: JsonObject | undefined): void {
  const hadSource = old !== undefined && (old.dataSource !== undefined || old.dataSourceRef !== undefined);
  if (!hadSource && spec.dataSourceRef === undefined && !isPlainSource(spec.dataSource)) delete spec.dataSource;
  const { dataSource, dataSourceRef } = spec;
  if (isObject(dataSource) && dataSourceRef === undefined) spec.dataSourceRef = clone(dataSource);
  else if (isObject(dataSourceRef) && dataSource === undefined && (stringAt(dataSourceRef, 'namespace') ?? '') === '') {
    const { namespace: _namespace, ...local } = dataSourceRef;
    spec.dataSource = clone(local);
  }
}

function decode(object: JsonObject): readonly string[] {
  for (const field of ['requests', 'limits']) canonicalizeQuantities(at(object, 'spec', 'resources', field));
  for (const field of ['capacity', 'allocatedResources']) canonicalizeQuantities(at(object, 'status', field));
  return [];
}

function prepare({ object, old, subresource, lookup }: Write): void {
  const spec = ensureObject(object, 'spec');
  ensureObject(spec, 'resources');
  if (subresource === 'status') return;
  setDefault(spec, 'volumeMode', 'Filesystem');
  if (spec.volumeName === '') delete spec.volumeName;
  mirrorDataSources(spec, old === undefined ? undefined : objectAt(old, 'spec'));
  if (old === undefined && classOf(object) === undefined) {
    const name = defaultClass(lookup);
    if (name !== undefined) spec.storageClassName = name;
  }
}

function requested(claim: JsonObject): Json | undefined {
  return at(claim, 'spec', 'resources', 'requests', 'storage');
}

/** Only a bound claim of a class that allows it may ask for more. Throws a 403, as the admission plugin does. */
function checkGrowth(claim: JsonObject, old: JsonObject, lookup: Lookup): void {
  const [now, before] = [quantityValue(requested(claim)), quantityValue(requested(old))];
  if (now === undefined || before === undefined || now <= before) return;
  const subject = { group: '', type: 'persistentvolumeclaims', name: stringAt(old, 'metadata', 'name') ?? '' };
  if (stringAt(old, 'status', 'phase') !== 'Bound') throw forbidden(subject, 'Only bound persistent volume claims can be expanded');
  const name = classOf(claim) ?? '';
  const growable = name !== '' && name === classOf(old) && lookup.get(CLASSES, name)?.allowVolumeExpansion === true;
  if (growable) return;
  throw forbidden(
    subject,
    'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
  );
}

/** Shared with volumes, which say it in the same words. */
export function accessModeCauses(modes: readonly Json[]): Cause[] {
  const causes = modes
    .filter((mode) => !ACCESS_MODES.includes(String(mode)))
    .map((mode) => notSupported('spec.accessModes', mode, ACCESS_MODES));
  const single = modes.includes('ReadWriteOncePod');
  if (single && modes.some((mode) => mode !== 'ReadWriteOncePod' && ACCESS_MODES.includes(String(mode)))) {
    causes.push(forbiddenField('spec.accessModes', 'may not use ReadWriteOncePod with other access modes'));
  }
  return causes;
}

/** Shared with volumes. */
export function volumeModeCauses(mode: Json | undefined): Cause[] {
  return mode === undefined || VOLUME_MODES.includes(String(mode)) ? [] : [notSupported('spec.volumeMode', mode, VOLUME_MODES)];
}

function dataSourceCauses(spec: JsonObject, field: string): Cause[] {
  const source = spec[field];
  if (!isObject(source)) return [];
  const path = `spec.${field}`;
  const causes: Cause[] = [];
  for (const key of ['name', 'kind']) if ((stringAt(source, key) ?? '') === '') causes.push(required(`${path}.${key}`));
  const group = stringAt(source, 'apiGroup') ?? '';
  if (group === '' && source.kind !== 'PersistentVolumeClaim') {
    causes.push(invalidField(path, source.kind ?? '', "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
  }
  if (group !== '') causes.push(...nameFaults(group, 'subdomain').map((fault) => invalidField(`${path}.apiGroup`, group, fault)));
  return causes;
}

function validateSpec(spec: JsonObject): Cause[] {
  const causes: Cause[] = [];
  const modes = listAt(spec, 'accessModes');
  if (modes.length === 0) causes.push(required('spec.accessModes', 'at least 1 access mode is required'));
  causes.push(...accessModeCauses(modes));
  const storage = at(spec, 'resources', 'requests', 'storage');
  const size = quantityValue(storage);
  if (storage === undefined) causes.push(required('spec.resources[storage]'));
  else if (size === undefined || size <= 0n) causes.push(invalidField('spec.resources[storage]', storage, 'must be greater than zero'));
  const name = stringAt(spec, 'storageClassName') ?? '';
  if (name !== '') causes.push(...nameFaults(name, 'subdomain').map((fault) => invalidField('spec.storageClassName', name, fault)));
  causes.push(...volumeModeCauses(spec.volumeMode), ...dataSourceCauses(spec, 'dataSource'), ...dataSourceCauses(spec, 'dataSourceRef'));
  const { dataSource, dataSourceRef } = spec;
  if (isObject(dataSource) && isObject(dataSourceRef)) {
    const { namespace, ...local } = dataSourceRef;
    if (namespace !== undefined && namespace !== '')
      causes.push(invalidField('spec', {}, 'may not be specified when dataSourceRef.namespace is specified'));
    else if (!equal(local, dataSource)) causes.push(invalidField('spec', {}, 'must match dataSourceRef'));
  }
  return causes;
}

/** The spec as far as it may not change: what a bound claim may ask for anew is levelled. */
function frozenPart(spec: JsonObject, write: Write, old: JsonObject): JsonObject {
  const frozen = clone(spec);
  const oldSpec = objectAt(old, 'spec');
  if ((stringAt(oldSpec, 'volumeName') ?? '') === '') delete frozen.volumeName;
  if (oldSpec.storageClassName === undefined) delete frozen.storageClassName;
  if (stringAt(write.object, 'status', 'phase') === 'Bound') {
    delete frozen.volumeAttributesClassName;
    const requests = at(frozen, 'resources', 'requests');
    if (isObject(requests)) delete requests.storage;
  }
  return frozen;
}

function validate(write: Write): readonly Cause[] {
  const { object, old, subresource } = write;
  if (subresource === 'status') return [];
  const spec = objectAt(object, 'spec');
  const causes = validateSpec(spec);
  if (old === undefined) return causes;
  const oldSpec = objectAt(old, 'spec');
  if (!equal(frozenPart(spec, write, old), frozenPart(oldSpec, write, old))) {
    causes.push(
      forbiddenField('spec', 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'),
    );
  }
  const [now, before] = [quantityValue(requested(object)), quantityValue(requested(old))];
  const had = quantityValue(at(object, 'status', 'capacity', 'storage')) ?? 0n;
  if (now !== undefined && before !== undefined && now < before && now <= had) {
    causes.push(forbiddenField('spec.resources.requests.storage', 'field can not be less than status.capacity'));
  }
  if (!equal(spec.volumeMode, oldSpec.volumeMode)) causes.push(invalidField('volumeMode', spec.volumeMode, 'field is immutable'));
  // Admission comes after the kind's own rules.
  if (causes.length === 0) checkGrowth(object, old, write.lookup);
  return causes;
}

/** In this order: who may write what, defaults, protection. */
export const CLAIM_RULES: readonly ResourceRules[] = [
  statusPart(() => ({ phase: 'Pending' })),
  { decode, prepare, validate },
  protectionFinalizer('kubernetes.io/pvc-protection'),
];
