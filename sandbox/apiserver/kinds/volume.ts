/** PersistentVolume: defaults, what a volume must say, what may change later. */
import type { Json, JsonObject } from '../json.ts';
import { at, ensureObject, equal, isObject, listAt, objectAt, stringAt } from '../json.ts';
import { nameFaults } from '../object-meta.ts';
import type { ResourceRules, Write } from './resource.ts';
import type { Cause } from '../status.ts';
import { forbiddenField, invalidField, notSupported, required } from '../status.ts';
import { accessModeCauses, volumeModeCauses } from './claim.ts';
import { canonicalizeQuantities, quantityValue } from './quantity.ts';
import { protectionFinalizer, setDefault, statusPart } from './status-part.ts';

/** Everything in a volume's spec that is not its source. */
const COMMON = new Set([
  'capacity',
  'accessModes',
  'claimRef',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'mountOptions',
  'volumeMode',
  'nodeAffinity',
  'volumeAttributesClassName',
]);
const POLICIES = ['Delete', 'Recycle', 'Retain'];
const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'];

/** The member that says where the data is: `csi`, `nfs`, … */
function sourceOf(spec: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(spec).filter(([field]) => !COMMON.has(field)));
}

function decode(object: JsonObject): readonly string[] {
  canonicalizeQuantities(at(object, 'spec', 'capacity'));
  return [];
}

function prepare({ object, old, subresource, now }: Write): void {
  const spec = ensureObject(object, 'spec');
  if (subresource === 'status') {
    stampTransition(object, old, now);
    return;
  }
  setDefault(spec, 'persistentVolumeReclaimPolicy', 'Retain');
  setDefault(spec, 'volumeMode', 'Filesystem');
}

/** The time of the last change of phase, unless the client keeps that time itself. */
function stampTransition(object: JsonObject, old: JsonObject | undefined, now: string): void {
  const status = ensureObject(object, 'status');
  const before = objectAt(old, 'status');
  const field = 'lastPhaseTransitionTime';
  const unset = status[field] === undefined || status[field] === before[field];
  if (!unset) return;
  if (status.phase !== before.phase) status[field] = now;
  else if (before[field] !== undefined) status[field] = before[field];
}

function requirementCauses(requirement: Json, path: string): Cause[] {
  const operator = stringAt(requirement, 'operator') ?? '';
  const count = listAt(requirement, 'values').length;
  const causes: Cause[] = [];
  if (!OPERATORS.includes(operator)) causes.push(invalidField(`${path}.operator`, operator, 'not a valid selector operator'));
  if ((operator === 'In' || operator === 'NotIn') && count === 0) {
    causes.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  }
  if ((operator === 'Exists' || operator === 'DoesNotExist') && count > 0) {
    causes.push(forbiddenField(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  }
  return causes;
}

function affinityCauses(affinity: Json | undefined): Cause[] {
  if (affinity === undefined) return [];
  const path = 'spec.nodeAffinity.required';
  if (!isObject(at(affinity, 'required'))) return [required(path, 'must specify required node constraints')];
  const terms = listAt(affinity, 'required', 'nodeSelectorTerms');
  if (terms.length === 0) return [required(`${path}.nodeSelectorTerms`, 'must have at least one node selector term')];
  return terms.flatMap((term, index) =>
    listAt(term, 'matchExpressions').flatMap((requirement, place) =>
      requirementCauses(requirement, `${path}.nodeSelectorTerms[${index}].matchExpressions[${place}]`),
    ),
  );
}

function sourceCauses(spec: JsonObject): Cause[] {
  const sources = Object.keys(sourceOf(spec));
  if (sources.length === 0) return [required('spec', 'must specify a volume type')];
  const causes = sources.slice(1).map((source) => forbiddenField(`spec.${source}`, 'may not specify more than 1 volume type'));
  if (!isObject(spec.csi)) return causes;
  const driver = stringAt(spec.csi, 'driver') ?? '';
  if (driver === '') causes.push(required('spec.csi.driver'));
  else causes.push(...nameFaults(driver.toLowerCase(), 'subdomain').map((fault) => invalidField('spec.csi.driver', driver, fault)));
  if ((stringAt(spec.csi, 'volumeHandle') ?? '') === '') causes.push(required('spec.csi.volumeHandle'));
  for (const field of ['controllerPublishSecretRef', 'controllerExpandSecretRef', 'nodePublishSecretRef', 'nodeExpandSecretRef']) {
    const reference = spec.csi[field];
    if (!isObject(reference)) continue;
    for (const key of ['name', 'namespace']) if ((stringAt(reference, key) ?? '') === '') causes.push(required(`spec.csi.${field}.${key}`));
  }
  return causes;
}

function capacityCauses(capacity: JsonObject): Cause[] {
  const causes: Cause[] = [];
  if (Object.keys(capacity).length === 0) causes.push(required('spec.capacity'));
  if (capacity.storage === undefined || Object.keys(capacity).length > 1)
    causes.push(notSupported('spec.capacity', Object.keys(capacity).length === 0 ? null : capacity, ['storage']));
  for (const [name, quantity] of Object.entries(capacity)) {
    const value = quantityValue(quantity);
    if (value === undefined || value <= 0n) causes.push(invalidField(`spec.capacity[${name}]`, quantity, 'must be greater than zero'));
  }
  return causes;
}

function validate({ object, old, subresource }: Write): readonly Cause[] {
  if (subresource === 'status') return [];
  const spec = objectAt(object, 'spec');
  const modes = listAt(spec, 'accessModes');
  const policy = stringAt(spec, 'persistentVolumeReclaimPolicy') ?? '';
  const causes: Cause[] = modes.length === 0 ? [required('spec.accessModes')] : accessModeCauses(modes);
  causes.push(...capacityCauses(objectAt(spec, 'capacity')));
  if (!POLICIES.includes(policy)) causes.push(notSupported('spec.persistentVolumeReclaimPolicy', policy, POLICIES));
  causes.push(...affinityCauses(spec.nodeAffinity), ...sourceCauses(spec), ...volumeModeCauses(spec.volumeMode));
  if (old === undefined) return causes;
  const oldSpec = objectAt(old, 'spec');
  if (!equal(sourceOf(spec), sourceOf(oldSpec))) {
    causes.push(forbiddenField('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation'));
  }
  if (!equal(spec.volumeMode, oldSpec.volumeMode)) causes.push(invalidField('volumeMode', spec.volumeMode, 'field is immutable'));
  return causes;
}

/** In this order: who may write what, defaults, protection. */
export const VOLUME_RULES: readonly ResourceRules[] = [
  statusPart(({ now }) => ({ phase: 'Pending', lastPhaseTransitionTime: now })),
  { decode, prepare, validate },
  protectionFinalizer('kubernetes.io/pv-protection'),
];
