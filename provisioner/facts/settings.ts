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
  /** A restore into less than the snapshot needs gets what it needs. */
  readonly raiseToRestoreSize: boolean;
  /** Keys of labels that go from claims to drivers and PVs. */
  readonly copiedLabels: readonly string[];
  readonly readOnlyMany: boolean;
  readonly crossNamespace: boolean;
  readonly attributesClasses: boolean;
  /** The driver has topology and the gate is on. */
  readonly topology: boolean;
  /** The one node that is served; undefined: all of them. */
  readonly node?: ServedNode;
  /** With more than one replica the caches may be older than what the last leader did. */
  readonly elected: boolean;
  readonly retryMaxMs: number;
  /** The Lease that holds the journal, for what administrators are told of it. */
  readonly journal: { readonly namespace: string; readonly name: string };
}

/** The node of a provisioner that stands beside its driver on every node (`--node-deployment`). */
export interface ServedNode {
  readonly name: string;
  /** Where it lies, as its driver says. Undefined: the driver does not say. */
  readonly segments: Readonly<Record<string, string>> | undefined;
  /** Nodes compete for claims with immediate binding. */
  readonly immediateBinding: boolean;
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
}
