/** Access modes and types: what may be asked of a volume, and what two uses of it have to do with each other. */
import type { AccessMode, Capability } from './records.ts';
import { Refusal } from './status.ts';

const SINGLE_NODE_MODES: readonly AccessMode[] = ['SINGLE_NODE_SINGLE_WRITER', 'SINGLE_NODE_MULTI_WRITER'];

export const isMultiNode = (mode: AccessMode): boolean => mode.startsWith('MULTI_NODE_');

export const isReaderOnly = (mode: AccessMode): boolean => mode.endsWith('_READER_ONLY');

/** SINGLE_NODE_SINGLE_WRITER and SINGLE_NODE_MULTI_WRITER exist only for drivers with the capability of the latter's name. */
export function requireModes(capabilities: readonly Capability[], singleNodeMultiWriter: boolean): void {
  for (const { mode } of capabilities) {
    if (SINGLE_NODE_MODES.includes(mode) && !singleNodeMultiWriter) {
      throw new Refusal('INVALID_ARGUMENT', `access mode ${mode} needs the capability SINGLE_NODE_MULTI_WRITER`);
    }
  }
}

/** A volume is a directory or a device, never both. */
export function requireOneAccessType(capabilities: readonly Capability[]): boolean {
  const first = capabilities[0];
  if (first === undefined) throw new Refusal('INVALID_ARGUMENT', 'volume_capabilities are missing');
  if (capabilities.some((capability) => capability.block !== first.block)) {
    throw new Refusal('INVALID_ARGUMENT', 'a volume cannot be both a block device and a mounted directory');
  }
  return first.block;
}

/** The same use of a volume: everything a second call must repeat to be the same call. */
export function sameCapability(a: Capability, b: Capability): boolean {
  return (
    a.block === b.block &&
    a.fsType === b.fsType &&
    a.mountGroup === b.mountGroup &&
    a.mode === b.mode &&
    a.mountFlags.join('\0') === b.mountFlags.join('\0')
  );
}

/** Whether a volume on a node may be published at a second target path (the tables under NodePublishVolume). */
export function allowsSecondTarget(mode: AccessMode): boolean {
  return isMultiNode(mode) || mode === 'SINGLE_NODE_MULTI_WRITER';
}
