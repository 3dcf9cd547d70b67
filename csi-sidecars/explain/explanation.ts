/** What explain answers; docs/verbs/explain.md describes it as the JSON of schema version 1. */
import type { OpenEntry } from './journal.ts';
import type { HeldBy } from './finalizers.ts';
import type { LastError } from './last-error.ts';
import type { Place } from '../reading/place.ts';

/** Whose turn it is. `binder`: the volume controller of Kubernetes. `program`: one that is not known here. */
export type Who =
  | 'nobody'
  | 'user'
  | 'administrator'
  | 'driver'
  | 'csi-provisioner'
  | 'csi-snapshotter'
  | 'snapshot-controller'
  | 'binder'
  | 'scheduler'
  | 'kubelet'
  | 'attacher'
  | 'program';

export interface Turn {
  readonly who: Who;
  readonly why: string;
  /** What helps, or shows more; undefined where nothing needs to be done. */
  readonly command?: string | undefined;
  /** Another object that has to move first. */
  readonly waitsFor?: Place | undefined;
}

/** What one controller of ours would do, had it just started. */
export interface Next {
  readonly controller: string;
  /** An effect, or `done`, `poll`, `retry` of the loop. */
  readonly step: string;
  readonly does: string;
}

export interface Link {
  /** `class`, `volume`, `claim`, `content`, `snapshot`, `source`, `used by`, `restored to`, `cloned to`, `attached to`. */
  readonly relation: string;
  readonly place: Place;
  /** `missing`, a phase, `ready`. */
  readonly state: string;
}

export interface Explanation {
  readonly object: Place & { readonly state: string; readonly created: string | undefined; readonly deleted: string | undefined };
  /** From what it is made of to what is made of it. */
  readonly chain: readonly Link[];
  readonly turn: Turn;
  readonly next: readonly Next[];
  /** When a failed effect is tried again: only the running process knows; the bound is the longest back-off by default. */
  readonly heldBack: { readonly until: string | undefined; readonly atTheLatest: string | undefined; readonly why: string } | undefined;
  /** As the running process says it; undefined: it says nothing of the object, or was not asked. */
  readonly underWay: { readonly controller: string; readonly effect: string; readonly since: string } | undefined;
  /** Of a claim without a volume, or of one that is gone: what the journal of csi-provisioner holds. */
  readonly journal: readonly OpenEntry[];
  readonly lastError: LastError | undefined;
  readonly finalizers: readonly HeldBy[];
  /** What could not be known, a sentence each. */
  readonly unknown: readonly string[];
}
