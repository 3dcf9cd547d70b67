/**
 * What a program is made of: one to three roles, each defined once and run alone (its own main, the Go
 * program's flag syntax) or together (`csi-sidecars --roles=`). `lib/process/program.ts` runs a list of
 * definitions over `Doors` and argv; there is no second code path for the combined process.
 *
 * Order of a start: flags → HTTP server → [CRDs] → [driver connected, probed, identity read] → `create` of
 * every role (informers are declared) → informers start → per role: election → synced → `role.start`.
 */
import type { Role, RoleContext } from '../controller/role.ts';
import type { Driver, DriverQuestion } from '../csi/capabilities.ts';
import type { ClientLimit, KubeClient } from '../kube/client.ts';
import type { Flag } from './flag.ts';
import type { FlagValues } from './flags.ts';
import type { MetricsRegistry } from './metrics.ts';
import type { OptionalKinds } from './served-versions.ts';

/** Parsed options of a role, by flag name in camelCase (`retryIntervalStart` → ms as `retryIntervalStartMs`). */
export interface RoleInput<O> {
  readonly context: RoleContext;
  readonly options: O;
  /** Undefined for roles without a driver (snapshot-controller). */
  readonly driver: Driver | undefined;
  readonly metrics: MetricsRegistry;
  /** Namespace for leases of this process (flag, POD_NAMESPACE, service-account file, `default`). */
  readonly leaseNamespace: string;
  /** A client over connections of its own, with a limit of its own. */
  readonly openClient: (limit: ClientLimit) => KubeClient;
  /** The version of each optional API group that is served, by group. */
  readonly served: ReadonlyMap<string, string>;
}

/** What of a role's options the frame of the program acts upon. What a role leaves out has the frame's default. */
export interface FrameOptions {
  /** Limit of every call to the driver. */
  readonly timeoutMs?: number;
  /** How often caches tell everything again; 0: never. Several roles: the smallest. */
  readonly resyncMs?: number;
  /** How long the required resources are waited for before the program gives up. */
  readonly resourceWaitMs?: number;
  /** Labels that the leader puts on its lease. */
  readonly leaseLabels?: Readonly<Record<string, string>>;
}

export interface RoleDefinition<O> {
  readonly name: string;
  /** Go `flag` (snapshot programs) or pflag (provisioner) when it runs alone. The combined main uses pflag. */
  readonly syntax: 'go' | 'pflag';
  /** The flag table; see lib/process/flags.ts. */
  readonly flags: readonly Flag[];
  /** Parsed values → readonly options, or the faults found (all of them, each naming flag and remedy). */
  readonly options: (values: FlagValues, env: (name: string) => string | undefined) => O;
  readonly frame?: (options: O) => FrameOptions;
  readonly needsDriver: boolean;
  /** Read at connect, beside the capabilities of its controller. */
  readonly asksDriver?: (options: O) => readonly DriverQuestion[];
  /** An in-tree plugin of Kubernetes was replaced by this driver: metrics tell its calls about volumes of the plugin from the others. */
  readonly tookOver?: (driverName: string) => boolean;
  /** Custom resources that must be served before the role starts: `volumesnapshots.snapshot.storage.k8s.io`. */
  readonly requiredResources: readonly { readonly group: string; readonly version: string; readonly plural: string }[];
  /** What is used where it is served, by `RoleInput.served`. */
  readonly optionalKinds?: (options: O) => readonly OptionalKinds[];
  /** Checked once after the driver answered; a message says what is missing and the remedy, exit 1. */
  readonly checkDriver?: (driver: Driver, options: O) => string | undefined;
  /** Of the election, as the Go programs call it; the lease is named after it. */
  readonly lockName: (driverName: string) => string;
  /**
   * Where the lease is in a combined process. Beside a driver, many Pods in many namespaces may hold a role of which only one
   * may lead. Absent: the Pod's own namespace.
   */
  readonly combinedLeaseNamespace?: string;
  /** KUBECONFIG of the environment wins over --kubeconfig. */
  readonly kubeconfigOfEnvironmentFirst?: boolean;
  /** `process`: the host name and a random part. */
  readonly eventComponent: (driverName: string, process: string) => string;
  readonly create: (input: RoleInput<O>) => Role;
}
