/** kubernetes.io/portworx-volume, taken over by pxd.portworx.com. */
import { renamed } from './class-parameters.ts';
import { commonOf, fault, type InTreePlugin, translated, withSource } from './plugin.ts';

/** One secret of the plugin is that of every call to the driver. */
const SECRETS = ['provisioner', 'controller-publish', 'node-publish', 'node-stage', 'controller-expand', 'node-expand'];

function everySecret(part: 'name' | 'namespace'): (value: string) => Record<string, string> {
  return (value) => Object.fromEntries(SECRETS.map((secret) => [`csi.storage.k8s.io/${secret}-secret-${part}`, value]));
}

export const PORTWORX: InTreePlugin = {
  name: 'kubernetes.io/portworx-volume',
  driver: 'pxd.portworx.com',
  field: 'portworxVolume',
  alsoReads: [],
  translateClass: (storageClass) =>
    translated({
      ...storageClass,
      parameters: renamed(storageClass.parameters ?? {}, {
        'openstorage.io/auth-secret-name': everySecret('name'),
        'openstorage.io/auth-secret-namespace': everySecret('namespace'),
      }),
    }),
  handleOf: ({ spec }) => {
    const id = spec?.portworxVolume?.volumeID ?? '';
    return id === '' ? fault('the PersistentVolume names no Portworx volume') : translated(id);
  },
  toInTree: (volume) =>
    translated(withSource(volume, 'portworxVolume', { volumeID: volume.spec?.csi?.volumeHandle ?? '', ...commonOf(volume) })),
};
