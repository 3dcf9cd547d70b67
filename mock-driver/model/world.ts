/** What a decision may know beside its request. Handed over per call; nothing here can change anything. */
import type { Change, Segment } from './records.ts';
import type { State } from './state.ts';

/** The optional parts of a driver that change what an RPC accepts, not only whether it exists. */
export interface Features {
  readonly snapshots: boolean;
  readonly clones: boolean;
  readonly modify: boolean;
  readonly topology: boolean;
  readonly publishReadonly: boolean;
  readonly singleNodeMultiWriter: boolean;
  readonly stage: boolean;
  readonly onlineExpansion: boolean;
  readonly controllerExpansion: boolean;
  readonly nodeExpansion: boolean;
}

export interface World {
  readonly state: State;
  readonly features: Features;
  readonly nowMs: number;
  /** The node this instance runs on. */
  readonly nodeId: string;
  readonly ownSegment: Segment | undefined;
  /** Of volumes that are mounted. */
  readonly minVolumeBytes: bigint;
  readonly maxVolumeBytes: bigint;
  /** 0: no limit. */
  readonly maxVolumesPerNode: number;
  newId(kind: 'vol' | 'snap' | 'group'): string;
}

/** What an RPC does, if anything, and what it answers once that is committed. */
export interface Outcome<Answer> {
  readonly change: Change | undefined;
  readonly answer: Answer;
}
