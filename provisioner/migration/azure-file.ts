/** kubernetes.io/azure-file, taken over by file.csi.azure.com. Classes are the same for both. */
import type { PersistentVolume } from '../../lib/kube/objects.ts';
import { fault, type InTreePlugin, type Translated, translated, withSource } from './plugin.ts';

const RESOURCE_GROUP = 'kubernetes.io/azure-file-resource-group';
const ACCOUNT_SECRET = /azure-storage-account-(.+)-secret/;

export const AZURE_FILE: InTreePlugin = {
  name: 'kubernetes.io/azure-file',
  driver: 'file.csi.azure.com',
  field: 'azureFile',
  alsoReads: [`metadata.annotations[${RESOURCE_GROUP}]`],
  translateClass: (storageClass) => translated(storageClass),
  handleOf: ({ metadata, spec }) => {
    const { secretName = '', shareName = '', secretNamespace } = spec?.azureFile ?? {};
    const namespace = secretNamespace ?? spec?.claimRef?.namespace ?? '';
    if (namespace === '') return fault('the PersistentVolume names no namespace of its secret, and no claim');
    const account = ACCOUNT_SECRET.exec(secretName)?.[1] ?? secretName;
    const group = metadata?.annotations?.[RESOURCE_GROUP] ?? '';
    return translated([group, account, shareName, metadata?.name ?? '', namespace].join('#'));
  },
  toInTree: (volume) => {
    const { csi } = volume.spec ?? {};
    const attributes = new Map(Object.entries(csi?.volumeAttributes ?? {}).map(([key, value]) => [key.toLowerCase(), value]));
    const stage = csi?.nodeStageSecretRef;
    const isStaged = (stage?.name ?? '') !== '';
    const shareName = attributes.get('sharename') ?? '';
    const secretName = isStaged ? (stage?.name ?? '') : (attributes.get('secretname') ?? '');
    const named = completed(csi?.volumeHandle ?? '', { shareName, secretName });
    if (!named.ok) return named;
    const { group, ...names } = named.value;
    const secretNamespace = (isStaged ? stage?.namespace : attributes.get('secretnamespace')) ?? 'default';
    const source = { ...names, secretNamespace, ...(csi?.readOnly === undefined ? {} : { readOnly: csi.readOnly }) };
    return translated(withGroup(withSource(volume, 'azureFile', source), group));
  },
};

interface Names {
  readonly shareName: string;
  readonly secretName: string;
}

/** What the attributes leave out is in the handle: `GROUP#ACCOUNT#SHARE#…`. */
function completed(handle: string, { shareName, secretName }: Names): Translated<Names & { readonly group: string }> {
  if (shareName !== '' && secretName !== '') return translated({ shareName, secretName, group: '' });
  const [group = '', account = '', share] = handle.split('#');
  if (share === undefined) return fault(`volume handle "${handle}" does not have the form GROUP#ACCOUNT#SHARE`);
  return translated({ group, shareName: shareName || share, secretName: secretName || `azure-storage-account-${account}-secret` });
}

function withGroup(volume: PersistentVolume, group: string): PersistentVolume {
  if (group === '') return volume;
  return { ...volume, metadata: { ...volume.metadata, annotations: { ...volume.metadata?.annotations, [RESOURCE_GROUP]: group } } };
}
