/**
 * Field names of the built-in kinds that people write by hand for storage. What they misspell is told
 * and dropped, as the real server does; kinds that are not listed here keep whatever they are given.
 */
import type { Json, JsonObject } from '../json.ts';
import { isObject } from '../json.ts';
import type { ResourceRules } from './resource.ts';

/** `true`: anything goes below. A list of one: each element. */
type Fields = true | readonly [Fields] | { readonly [name: string]: Fields };

function all(names: string): { readonly [name: string]: true } {
  return Object.fromEntries(names.split(' ').map((name) => [name, true]));
}

const REFERENCE = all('apiVersion fieldPath kind name namespace resourceVersion uid');
const SECRET_REFERENCE = all('name namespace');
const SELECTOR: Fields = { matchLabels: true, matchExpressions: [all('key operator values')] };

const CLAIM: Fields = {
  spec: {
    ...all('accessModes volumeName storageClassName volumeMode volumeAttributesClassName'),
    selector: SELECTOR,
    resources: all('requests limits'),
    dataSource: all('apiGroup kind name'),
    dataSourceRef: all('apiGroup kind name namespace'),
  },
  status: all(
    'phase accessModes capacity conditions allocatedResources allocatedResourceStatuses currentVolumeAttributesClassName modifyVolumeStatus',
  ),
};

const CSI_SOURCE: Fields = {
  ...all('driver volumeHandle readOnly fsType volumeAttributes'),
  controllerPublishSecretRef: SECRET_REFERENCE,
  nodeStageSecretRef: SECRET_REFERENCE,
  nodePublishSecretRef: SECRET_REFERENCE,
  controllerExpandSecretRef: SECRET_REFERENCE,
  nodeExpandSecretRef: SECRET_REFERENCE,
};

const VOLUME: Fields = {
  spec: {
    ...all('accessModes capacity persistentVolumeReclaimPolicy storageClassName mountOptions volumeMode volumeAttributesClassName'),
    claimRef: REFERENCE,
    nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [all('key operator values')], matchFields: true }] } },
    csi: CSI_SOURCE,
    // Other sources are taken as they come.
    ...all(
      'hostPath local nfs iscsi fc rbd cephfs azureFile azureDisk awsElasticBlockStore gcePersistentDisk cinder flexVolume vsphereVolume',
    ),
    ...all('flocker glusterfs photonPersistentDisk portworxVolume quobyte scaleIO storageos'),
  },
  status: all('phase message reason lastPhaseTransitionTime'),
};

/** By plural. */
const KNOWN: Readonly<Record<string, Fields>> = {
  persistentvolumeclaims: CLAIM,
  persistentvolumes: VOLUME,
  storageclasses: {
    ...all('provisioner parameters reclaimPolicy mountOptions allowVolumeExpansion volumeBindingMode'),
    allowedTopologies: [{ matchLabelExpressions: [all('key values')] }],
  },
  volumeattributesclasses: all('driverName parameters'),
  csistoragecapacities: { ...all('storageClassName capacity maximumVolumeSize'), nodeTopology: SELECTOR },
  csinodes: { spec: { drivers: [{ ...all('name nodeID topologyKeys'), allocatable: all('count') }] } },
  configmaps: all('data binaryData immutable'),
  secrets: all('data stringData type immutable'),
  leases: { spec: all('holderIdentity leaseDurationSeconds acquireTime renewTime leaseTransitions strategy preferredHolder') },
};

function prune(value: Json, fields: Fields, walk: { readonly path: string; readonly unknown: string[] }): void {
  if (fields === true) return;
  const { path, unknown } = walk;
  if (Array.isArray(value)) {
    const [element = true] = Array.isArray(fields) ? (fields as readonly [Fields]) : [];
    value.forEach((item, index) => prune(item, element, { path: `${path}[${index}]`, unknown }));
    return;
  }
  if (!isObject(value) || Array.isArray(fields)) return;
  const members = fields as { readonly [name: string]: Fields };
  for (const name of Object.keys(value)) {
    const place = path === '' ? name : `${path}.${name}`;
    const known = members[name];
    if (known !== undefined) prune(value[name] as Json, known, { path: place, unknown });
    else {
      delete value[name];
      unknown.push(place);
    }
  }
}

/** The rule that goes before all others of a kind; none for kinds that are not listed. */
export function knownFields(plural: string): readonly ResourceRules[] {
  const fields = KNOWN[plural];
  if (fields === undefined) return [];
  return [
    {
      decode(object: JsonObject): readonly string[] {
        const unknown: string[] = [];
        prune(object, { metadata: true, ...(fields as object) }, { path: '', unknown });
        return unknown;
      },
    },
  ];
}
