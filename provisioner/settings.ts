/** What the flags and the driver say together, as everything that decides is told it. */
import type { DriverIdentity } from '../lib/csi/capabilities.ts';
import { gateEnabled } from '../lib/process/flags.ts';
import type { Settings } from './facts/settings.ts';
import type { ProvisionerOptions } from './options.ts';

export const hasTopology = (identity: DriverIdentity, options: ProvisionerOptions): boolean =>
  identity.plugin.has('VOLUME_ACCESSIBILITY_CONSTRAINTS') && gateEnabled(options.featureGates, 'Topology');

export function settingsOf(identity: DriverIdentity, options: ProvisionerOptions): Omit<Settings, 'journal'> {
  return {
    driver: identity.name,
    capabilities: new Set([...identity.plugin, ...identity.controller]),
    naming: { prefix: options.volumeNamePrefix, uuidLength: options.volumeNameUuidLength },
    defaultFsType: options.defaultFstype,
    extraCreateMetadata: options.extraCreateMetadata,
    preventModeConversion: options.preventVolumeModeConversion,
    readOnlyMany: options.controllerPublishReadonly,
    crossNamespace: gateEnabled(options.featureGates, 'CrossNamespaceVolumeDataSource'),
    attributesClasses: gateEnabled(options.featureGates, 'VolumeAttributesClass'),
    topology: hasTopology(identity, options),
    elected: options.leaderElection,
    retryMaxMs: options.retryIntervalMaxMs,
  };
}
