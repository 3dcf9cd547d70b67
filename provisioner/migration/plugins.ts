/** The in-tree plugins that CSI drivers took over, and what the rest of the provisioner asks of them. */
import type { PersistentVolume, StorageClass } from '../../lib/kube/objects.ts';
import { AWS_EBS } from './aws-ebs.ts';
import { AZURE_DISK } from './azure-disk.ts';
import { AZURE_FILE } from './azure-file.ts';
import { CINDER } from './cinder.ts';
import { GCE_PD } from './gce-pd.ts';
import { fault, type InTreePlugin, type Translated, translated } from './plugin.ts';
import { PORTWORX } from './portworx.ts';
import { VSPHERE } from './vsphere.ts';

export const IN_TREE_PLUGINS: readonly InTreePlugin[] = [AWS_EBS, GCE_PD, AZURE_DISK, AZURE_FILE, VSPHERE, CINDER, PORTWORX];

/** The plugin that a driver took over; undefined for all but seven drivers. */
export function pluginOf(driver: string): InTreePlugin | undefined {
  return IN_TREE_PLUGINS.find((plugin) => plugin.driver === driver);
}

/** Is a class, or the maker of a PV, the driver or the plugin that it took over? */
export function isKnownAs(driver: string, name: string | undefined): boolean {
  return name !== undefined && (name === driver || name === pluginOf(driver)?.name);
}

/** A class of the plugin that the driver took over. */
export function isPluginClass(driver: string, storageClass: StorageClass | undefined): boolean {
  const plugin = pluginOf(driver);
  return plugin !== undefined && storageClass?.provisioner === plugin.name;
}

/** The volume of a PV is one of the plugin that the driver took over. */
export function isPluginVolume(driver: string, volume: PersistentVolume): boolean {
  const plugin = pluginOf(driver);
  return plugin !== undefined && (volume.spec?.[plugin.field] ?? undefined) !== undefined;
}

/** A class of the plugin in the words of its driver, and as the driver's own; every other class as it is. */
export function csiClass(driver: string, storageClass: StorageClass): Translated<StorageClass> {
  const plugin = pluginOf(driver);
  if (plugin === undefined || storageClass.provisioner !== plugin.name) return translated(storageClass);
  const inItsWords = plugin.translateClass(storageClass);
  return inItsWords.ok ? translated({ ...inItsWords.value, provisioner: driver }) : inItsWords;
}

/** A PV with a CSI source in the form of its maker: a plugin's own, where its class is the plugin's. */
export function asProvisionedBy(provisionedBy: string | undefined, volume: PersistentVolume): Translated<PersistentVolume> {
  const plugin = IN_TREE_PLUGINS.find(({ name }) => name === provisionedBy);
  return plugin === undefined ? translated(volume) : plugin.toInTree(volume);
}

/** The driver's handle of a PV of the driver or its plugin; undefined where it has neither source. */
export function csiHandle(driver: string, volume: PersistentVolume): Translated<string> | undefined {
  const { csi } = volume.spec ?? {};
  if (csi?.driver === driver) return csi.volumeHandle ? translated(csi.volumeHandle) : fault('the PersistentVolume has no volume handle');
  const plugin = pluginOf(driver);
  return plugin === undefined || (volume.spec?.[plugin.field] ?? undefined) === undefined ? undefined : plugin.handleOf(volume);
}

/** What the cache keeps of PVs for a driver beside their CSI source. */
export function inTreeFields(driver: string): readonly string[] {
  const plugin = pluginOf(driver);
  return plugin === undefined ? [] : [`spec.${plugin.field}`, ...plugin.alsoReads];
}
