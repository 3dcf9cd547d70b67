import type { Pool, Segment } from '../../mock-driver/model/records.ts';
import type { SandboxPart } from '../../sandbox/sandbox.ts';
import type { FaultRates } from './faults.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { Promised } from './topology-checks.ts';
import type { DriverNames } from './volume-source.ts';
import type { World } from './world.ts';

/** One story: what users do, what goes wrong meanwhile, what must hold in the end beside the invariants. */
export interface Scenario {
  readonly name: string;
  /** What it shows, in one sentence. */
  readonly about: string;
  /** Fault mix of a run; undefined: none. */
  readonly faults?: (random: SeededRandom) => FaultRates;
  /** Chance per crash point that the program dies there. */
  readonly crashes?: number;
  readonly election?: boolean;
  /** Every role in a program of its own, whatever the seed: one of them is stopped. */
  readonly apart?: boolean;
  readonly flags?: Readonly<Record<string, readonly string[]>>;
  /** The kinds of group snapshots are installed. */
  readonly groups?: boolean;
  /** What the driver is like, beyond the plain one. */
  readonly driver?: {
    /** Absent: `mock.csi.example`, which took over no in-tree plugin. */
    readonly names?: DriverNames;
    /**
     * Names of nodes, each with a driver, a csi-provisioner and a csi-snapshotter of its own, which serve that node alone; its topology is
     * the zone of its name. Absent: one driver and one of each program serve all.
     */
    readonly nodes?: (random: SeededRandom) => readonly string[];
    /** Segments that it can provision in; the first is its own node's. Absent: no topology. */
    readonly topology?: readonly Segment[];
    /** Where volumes may come to lie, as far as the flags of the provisioner promise; checked where there is topology. */
    readonly promised?: Promised;
    /** Room by segment. Absent: more than enough. */
    readonly pools?: (random: SeededRandom) => readonly Pool[];
    /** Pairs that the secrets of every call must hold, to begin with; `world.demandedSecrets` changes them. */
    readonly demandedSecrets?: Readonly<Record<string, string>>;
  };
  /** csi-provisioner publishes capacities, and they are looked at. */
  readonly publishesCapacity?: boolean;
  /** What runs beside the API server. */
  readonly parts?: readonly SandboxPart[];
  /** The story; it ends before the faults do. Throws Violation for what only it can see. */
  readonly story: (world: World, random: SeededRandom) => Promise<void>;
  /** Asked after the settling. */
  readonly after?: (world: World) => void | Promise<void>;
}
