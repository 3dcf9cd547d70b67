/** What a program was told, and what its driver can do, for all that decides. */
import type { VolumeNaming } from './names.ts';

/** Flags, gates and the driver's capabilities. Constant but across a reconnect of the driver. */
export interface Settings {
  readonly driver: string;
  /** Names of plugin and controller capabilities. */
  readonly capabilities: ReadonlySet<string>;
  readonly naming: VolumeNaming;
  readonly defaultFsType: string;
  readonly extraCreateMetadata: boolean;
  readonly preventModeConversion: boolean;
  readonly readOnlyMany: boolean;
  readonly crossNamespace: boolean;
  readonly attributesClasses: boolean;
  /** The driver has topology and the gate is on. */
  readonly topology: boolean;
  /** With more than one replica the caches may be older than what the last leader did. */
  readonly elected: boolean;
  readonly retryMaxMs: number;
  /** The Lease that holds the journal, for what administrators are told of it. */
  readonly journal: { readonly namespace: string; readonly name: string };
}
