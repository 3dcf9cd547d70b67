/** What the flags and the driver say together, as everything that decides is told it. */
import type { DriverIdentity } from '../lib/csi/capabilities.ts';
import { gateEnabled } from '../lib/process/flags.ts';
import type { ServedNode, Settings } from './facts/settings.ts';
import type { ProvisionerOptions } from './options.ts';

export interface FoundOut {
  readonly journal: Settings['journal'];
  /** Known at the start, before any claim is looked at. */
  readonly attributesClasses: { readonly served: boolean };
}

export const hasTopology = (identity: DriverIdentity, options: ProvisionerOptions): boolean =>
  identity.plugin.has('VOLUME_ACCESSIBILITY_CONSTRAINTS') && gateEnabled(options.featureGates, 'Topology');

export function settingsOf(identity: DriverIdentity, options: ProvisionerOptions, { journal, attributesClasses }: FoundOut): Settings {
  return {
    journal,
    driver: identity.name,
    capabilities: new Set([...identity.plugin, ...identity.controller]),
    naming: { prefix: options.volumeNamePrefix, uuidLength: options.volumeNameUuidLength },
    defaultFsType: options.defaultFstype,
    extraCreateMetadata: options.extraCreateMetadata,
    preventModeConversion: options.preventVolumeModeConversion,
    raiseToRestoreSize: options.restoreSizeAutoRaise,
    copiedLabels: options.copiedLabels,
    readOnlyMany: options.controllerPublishReadonly,
    crossNamespace: gateEnabled(options.featureGates, 'CrossNamespaceVolumeDataSource'),
    attributesClasses: attributesClasses.served && gateEnabled(options.featureGates, 'VolumeAttributesClass'),
    topology: hasTopology(identity, options),
    ...(options.nodeDeployment ? { node: servedNode(identity, options) } : {}),
    elected: options.leaderElection,
    retryMaxMs: options.retryIntervalMaxMs,
  };
}

function servedNode({ node }: DriverIdentity, options: ProvisionerOptions): ServedNode {
  return {
    name: options.nodeName,
    segments: node?.segments,
    immediateBinding: options.nodeDeploymentImmediateBinding,
    baseDelayMs: options.nodeDeploymentBaseDelayMs,
    maxDelayMs: options.nodeDeploymentMaxDelayMs,
  };
}
