import type { Finding } from './causes.ts';
import type { ClusterSide, DriverSide, Policy } from './facts.ts';

export interface Found {
  readonly findings: readonly Finding[];
  /** On one side only because it is being made or deleted right now, or is younger than the limit. */
  readonly underWay: number;
}

export interface Sides {
  readonly driver: DriverSide;
  readonly cluster: ClusterSide;
  readonly policy: Policy;
}
