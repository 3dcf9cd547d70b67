/** Rules of storage.k8s.io: classes, drivers, nodes, attachments, capacities. */
import type { Json } from '../json.ts';
import { ensureObject, equal, isObject, listAt, objectAt, stringAt } from '../json.ts';
import { nameFaults } from '../object-meta.ts';
import type { ResourceRules, Write } from './resource.ts';
import type { Cause } from '../status.ts';
import { duplicate, forbiddenField, invalidField, notSupported, required } from '../status.ts';
import { canonicalizeField, quantityValue } from './quantity.ts';
import { setDefault, statusPart } from './status-part.ts';

const BINDING_MODES = ['Immediate', 'WaitForFirstConsumer'];
const RECLAIM_POLICIES = ['Delete', 'Retain'];
const DRIVER_DEFAULTS: readonly (readonly [string, Json])[] = [
  ['attachRequired', true],
  ['podInfoOnMount', false],
  ['storageCapacity', false],
  ['fsGroupPolicy', 'ReadWriteOnceWithFSType'],
  ['volumeLifecycleModes', ['Persistent']],
  ['requiresRepublish', false],
  ['seLinuxMount', false],
];

function immutable({ object, old }: Write, fields: readonly string[]): Cause[] {
  if (old === undefined) return [];
  return fields
    .filter((field) => !equal(object[field], old[field]))
    .map((field) => invalidField(field, object[field], 'field is immutable'));
}

function choice(value: Json | undefined, field: string, choices: readonly string[]): Cause[] {
  return value === undefined || choices.includes(String(value)) ? [] : [notSupported(field, value, choices)];
}

function topologyCauses(terms: readonly Json[]): Cause[] {
  return terms.flatMap((term, index) =>
    listAt(term, 'matchLabelExpressions').flatMap((expression, place) => {
      const path = `allowedTopologies[${index}].matchLabelExpressions[${place}]`;
      const causes: Cause[] = [];
      if (listAt(expression, 'values').length === 0) causes.push(required(`${path}.values`));
      if ((stringAt(expression, 'key') ?? '') === '') causes.push(required(`${path}.key`));
      return causes;
    }),
  );
}

/** A class may be renamed by making another; what volumes were made by may not change. */
export const STORAGE_CLASS_RULES: ResourceRules = {
  prepare({ object }) {
    setDefault(object, 'reclaimPolicy', 'Delete');
    setDefault(object, 'volumeBindingMode', 'Immediate');
  },
  validate: (write) => [
    ...((stringAt(write.object, 'provisioner') ?? '') === '' ? [required('provisioner')] : []),
    ...choice(write.object.reclaimPolicy, 'reclaimPolicy', RECLAIM_POLICIES),
    ...choice(write.object.volumeBindingMode, 'volumeBindingMode', BINDING_MODES),
    ...topologyCauses(listAt(write.object, 'allowedTopologies')),
    ...immutable(write, ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode']),
  ],
};

/** Fixed for good: volumes refer to it by name. */
export const ATTRIBUTES_CLASS_RULES: ResourceRules = {
  validate({ object, old }) {
    const causes: Cause[] = [];
    for (const field of ['driverName', 'parameters']) {
      if (old !== undefined && !equal(object[field], old[field])) causes.push(forbiddenField(field, `updates to ${field} are forbidden.`));
    }
    if ((stringAt(object, 'driverName') ?? '') === '') causes.push(required('driverName'));
    if (Object.keys(objectAt(object, 'parameters')).length === 0)
      causes.push(required('parameters', 'must contain at least one key/value pair'));
    return causes;
  },
};

/** Every switch has its default written out, as clients read them without asking what absence means. */
export const CSI_DRIVER_RULES: ResourceRules = {
  prepare({ object }) {
    const spec = ensureObject(object, 'spec');
    for (const [field, value] of DRIVER_DEFAULTS) setDefault(spec, field, value);
  },
  validate({ object, old }) {
    if (old === undefined) return [];
    const [spec, before] = [objectAt(object, 'spec'), objectAt(old, 'spec')];
    const fixed: readonly (readonly [string, string])[] = [
      ['attachRequired', 'spec.attachedRequired'],
      ['volumeLifecycleModes', 'spec.volumeLifecycleModes'],
    ];
    return fixed
      .filter(([field]) => !equal(spec[field], before[field]))
      .map(([field, path]) => invalidField(path, spec[field], 'field is immutable'));
  },
};

function driverCauses(driver: Json, index: number, names: Set<string>): Cause[] {
  const path = `spec.drivers[${index}]`;
  const causes: Cause[] = [];
  const name = stringAt(driver, 'name') ?? '';
  if (name === '') causes.push(required(`${path}.name`));
  else causes.push(...nameFaults(name.toLowerCase(), 'subdomain').map((fault) => invalidField(`${path}.name`, name, fault)));
  if ((stringAt(driver, 'nodeID') ?? '') === '') causes.push(required(`${path}.nodeID`));
  if (names.has(name)) causes.push(duplicate(`${path}.name`, name));
  names.add(name);
  return causes;
}

function withoutLimit(driver: Json): Json {
  if (!isObject(driver)) return driver;
  const { allocatable: _allocatable, ...rest } = driver;
  return rest;
}

/** A driver registers once per node; only its volume limit may move afterwards. */
export const CSI_NODE_RULES: ResourceRules = {
  /** These two lists are always written, and an empty one is null. */
  prepare({ object }) {
    const spec = ensureObject(object, 'spec');
    const drivers = listAt(spec, 'drivers').map((driver) =>
      isObject(driver) && listAt(driver, 'topologyKeys').length === 0 ? { ...driver, topologyKeys: null } : driver,
    );
    spec.drivers = drivers.length === 0 ? null : drivers;
  },
  validate({ object, old }) {
    const names = new Set<string>();
    const drivers = listAt(object, 'spec', 'drivers');
    const causes = drivers.flatMap((driver, index) => driverCauses(driver, index, names));
    for (const before of listAt(old, 'spec', 'drivers')) {
      const now = drivers.find((driver) => stringAt(driver, 'name') === stringAt(before, 'name'));
      if (now !== undefined && !equal(withoutLimit(now), withoutLimit(before)))
        causes.push(invalidField('spec.drivers', now, 'field is immutable'));
    }
    return causes;
  },
};

/** An order to an attacher: the order stays, the attacher reports in the status. */
export const ATTACHMENT_RULES: readonly ResourceRules[] = [
  statusPart(() => ({ attached: false })),
  {
    validate({ object, old, subresource }) {
      if (subresource === 'status') return [];
      const spec = objectAt(object, 'spec');
      const causes: Cause[] = [];
      if ((stringAt(spec, 'attacher') ?? '') === '') causes.push(required('spec.attacher'));
      const source = objectAt(spec, 'source');
      const why = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
      if (source.persistentVolumeName === undefined && source.inlineVolumeSpec === undefined) causes.push(required('spec.source', why));
      const node = stringAt(spec, 'nodeName') ?? '';
      causes.push(...nameFaults(node, 'subdomain').map((fault) => invalidField('spec.nodeName', node, fault)));
      if (old !== undefined && !equal(spec, old.spec)) causes.push(invalidField('spec', spec, 'field is immutable'));
      return causes;
    },
  },
];

function negativeCauses(quantity: Json | undefined, field: string): Cause[] {
  const isNegative = (quantityValue(quantity) ?? 0n) < 0n;
  return isNegative ? [invalidField(field, quantity, 'must be greater than or equal to 0')] : [];
}

/** What a capacity is about may not change, only how much there is. */
export const CAPACITY_RULES: ResourceRules = {
  decode(object) {
    canonicalizeField(object, 'capacity');
    canonicalizeField(object, 'maximumVolumeSize');
    return [];
  },
  validate(write) {
    const name = stringAt(write.object, 'storageClassName') ?? '';
    return [
      ...nameFaults(name, 'subdomain').map((fault) => invalidField('storageClassName', name, fault)),
      // The server looks at this one alone: maximumVolumeSize may be anything.
      ...negativeCauses(write.object.capacity, 'capacity'),
      ...immutable(write, ['nodeTopology', 'storageClassName']),
    ];
  },
};
