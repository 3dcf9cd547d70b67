/** Rules of the remaining core kinds: namespaces, nodes, Pods, secrets, config maps, events, services, leases. */
import type { JsonObject } from '../json.ts';
import { at, clone, ensureObject, equal, isObject, listAt, objectAt, printJson, stringAt } from '../json.ts';
import { nameFaults } from '../object-meta.ts';
import type { ResourceRules, Write } from './resource.ts';
import type { Cause } from '../status.ts';
import { badRequest, forbiddenField, invalidField, required } from '../status.ts';
import { setDefault, statusPart } from './status-part.ts';

const NAME_LABEL = 'kubernetes.io/metadata.name';
const POD_SPEC_MAY_CHANGE = ['activeDeadlineSeconds', 'terminationGracePeriodSeconds', 'tolerations', 'schedulingGates'];

/** A namespace holds itself by a finalizer in its spec until its contents are gone. */
export const NAMESPACE_RULES: readonly ResourceRules[] = [
  statusPart(() => ({ phase: 'Active' })),
  {
    prepare({ object, old, subresource }) {
      const meta = ensureObject(object, 'metadata');
      ensureObject(meta, 'labels')[NAME_LABEL] = meta.name ?? '';
      if (old === undefined) object.spec = { finalizers: ['kubernetes'] };
      else if (subresource !== 'finalize') object.spec = clone(objectAt(old, 'spec'));
      else if (listAt(object, 'spec', 'finalizers').length === 0) object.spec = {};
    },
  },
];

/** A Node may be registered with its status; everything else about it is free. */
export const NODE_RULES: readonly ResourceRules[] = [
  statusPart(),
  {
    prepare({ object }) {
      ensureObject(object, 'spec');
    },
  },
];

function preparePod({ object, old }: Write): void {
  if (old !== undefined) return;
  const spec = ensureObject(object, 'spec');
  setDefault(spec, 'restartPolicy', 'Always');
  setDefault(spec, 'terminationGracePeriodSeconds', 30);
  setDefault(spec, 'dnsPolicy', 'ClusterFirst');
  setDefault(spec, 'schedulerName', 'default-scheduler');
  setDefault(spec, 'securityContext', {});
  setDefault(spec, 'enableServiceLinks', true);
  for (const container of [...listAt(spec, 'containers'), ...listAt(spec, 'initContainers')]) {
    if (!isObject(container)) continue;
    const latest = /(:latest|^[^:]*)$/.test(stringAt(container, 'image') ?? '');
    setDefault(container, 'resources', {});
    setDefault(container, 'terminationMessagePath', '/dev/termination-log');
    setDefault(container, 'terminationMessagePolicy', 'File');
    setDefault(container, 'imagePullPolicy', latest ? 'Always' : 'IfNotPresent');
  }
}

function validatePod({ object, old, subresource }: Write): readonly Cause[] {
  if (subresource === 'status') return [];
  const spec = objectAt(object, 'spec');
  const containers = listAt(spec, 'containers');
  const causes: Cause[] = containers.length === 0 ? [required('spec.containers')] : [];
  containers.forEach((container, index) => {
    if ((stringAt(container, 'name') ?? '') === '') causes.push(required(`spec.containers[${index}].name`));
    if ((stringAt(container, 'image') ?? '') === '') causes.push(required(`spec.containers[${index}].image`));
  });
  listAt(spec, 'volumes').forEach((volume, index) => {
    const path = `spec.volumes[${index}]`;
    const name = stringAt(volume, 'name') ?? '';
    if (name === '') causes.push(required(`${path}.name`));
    else causes.push(...nameFaults(name, 'label').map((fault) => invalidField(`${path}.name`, name, fault)));
    const claim = at(volume, 'persistentVolumeClaim');
    if (claim !== undefined && (stringAt(claim, 'claimName') ?? '') === '')
      causes.push(required(`${path}.persistentVolumeClaim.claimName`));
  });
  if (old !== undefined && subresource !== 'binding' && !equal(fixedPart(spec), fixedPart(objectAt(old, 'spec')))) {
    causes.push(
      forbiddenField(
        'spec',
        'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
          '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
          '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
      ),
    );
  }
  return causes;
}

/** The spec without what an update may change. */
function fixedPart(spec: JsonObject): JsonObject {
  const fixed = clone(spec);
  for (const field of POD_SPEC_MAY_CHANGE) delete fixed[field];
  for (const container of [...listAt(fixed, 'containers'), ...listAt(fixed, 'initContainers')])
    if (isObject(container)) delete container.image;
  return fixed;
}

/** Containers are never run: what matters of a Pod here are its volumes, its node and its phase. */
export const POD_RULES: readonly ResourceRules[] = [
  statusPart(() => ({ phase: 'Pending', qosClass: 'BestEffort' })),
  { prepare: preparePod, validate: validatePod },
];

/** `stringData` is written only: it goes into `data` as base64. */
export const SECRET_RULES: ResourceRules = {
  prepare({ object }) {
    setDefault(object, 'type', 'Opaque');
    if (!isObject(object.stringData)) return;
    const data = ensureObject(object, 'data');
    for (const [key, text] of Object.entries(object.stringData)) data[key] = Buffer.from(String(text)).toString('base64');
    delete object.stringData;
  },
  validate: ({ object, old }) => [
    ...(old !== undefined && object.type !== old.type ? [invalidField('type', object.type, 'field is immutable')] : []),
    ...immutableContent(object, old),
  ],
};

/** `immutable: true` cannot be taken back. */
function immutableContent(object: JsonObject, old: JsonObject | undefined): Cause[] {
  if (old?.immutable !== true) return [];
  const causes: Cause[] = object.immutable === true ? [] : [forbiddenField('immutable', 'field is immutable when `immutable` is set')];
  for (const field of ['data', 'binaryData']) {
    if (!equal(object[field], old[field])) causes.push(forbiddenField(field, 'field is immutable when `immutable` is set'));
  }
  return causes;
}

/** Free, unless it was declared immutable. */
export const CONFIG_MAP_RULES: ResourceRules = { validate: ({ object, old }) => immutableContent(object, old) };

/** In the namespace of what it is about, as the real server insists. */
export const EVENT_RULES: ResourceRules = {
  prepare({ object }) {
    ensureObject(object, 'involvedObject');
    ensureObject(object, 'source');
    for (const field of ['firstTimestamp', 'lastTimestamp', 'eventTime', 'reportingComponent', 'reportingInstance'])
      setDefault(object, field, NO_VALUE[field] ?? null);
  },
  validate({ object }) {
    const own = stringAt(object, 'metadata', 'namespace') ?? '';
    const involved = stringAt(object, 'involvedObject', 'namespace') ?? '';
    if (involved === '' ? own === 'default' || own === 'kube-system' : involved === own) return [];
    return [invalidField('involvedObject.namespace', involved, 'does not match event.namespace')];
  },
};

/** Fields of an Event that the server always prints. */
const NO_VALUE: JsonObject = { reportingComponent: '', reportingInstance: '' };

const MICRO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}(Z|[+-]\d{2}:\d{2})$/;

/** Times of Leases have six decimals, neither more nor fewer. */
export const LEASE_RULES: ResourceRules = {
  decode(object) {
    for (const field of ['acquireTime', 'renewTime']) {
      const time = at(object, 'spec', field);
      if (time === undefined || time === null) continue;
      if (typeof time !== 'string' || !MICRO_TIME.test(time) || Number.isNaN(Date.parse(time))) {
        throw badRequest(`parsing time ${printJson(time)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse it`);
      }
    }
    return [];
  },
  prepare({ object }) {
    ensureObject(object, 'spec');
  },
  validate({ object }) {
    const seconds = at(object, 'spec', 'leaseDurationSeconds');
    if (seconds === undefined || (typeof seconds === 'number' && seconds > 0)) return [];
    return [invalidField('spec.leaseDurationSeconds', seconds, 'must be greater than 0')];
  },
};

/** Kept as it is given: no addresses are handed out. */
export const SERVICE_RULES: readonly ResourceRules[] = [statusPart(() => ({ loadBalancer: {} }))];
