/** From a VolumeSnapshotClass's parameters to those of the CSI request. */
import { RESERVED_KEYS, RESERVED_PREFIX } from './names.ts';
import type { Resolved } from './secret-templates.ts';

/**
 * Takes the reserved keys away. An unknown one under the prefix is refused: a misspelt secret key would
 * otherwise be a snapshot without credentials.
 */
export function driverParameters(parameters: Readonly<Record<string, string>> | undefined): Resolved<Record<string, string>> {
  const [unknown] = Object.keys(parameters ?? {})
    .filter((key) => key.startsWith(RESERVED_PREFIX) && !RESERVED_KEYS.has(key))
    .toSorted();
  if (unknown !== undefined)
    return { ok: false, fault: `found unknown parameter key "${unknown}" with reserved namespace ${RESERVED_PREFIX}` };
  return { ok: true, value: withoutReserved(parameters) };
}

/** What is left for the driver, with no questions asked. */
export function withoutReserved(parameters: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(parameters ?? {}).filter(([key]) => !key.startsWith(RESERVED_PREFIX)));
}
