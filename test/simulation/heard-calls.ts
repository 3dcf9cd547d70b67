/** How often one life of a program heard what about each method of the driver; a call that it ended itself was CANCELLED. */
import { grpcCodeName } from '../../lib/csi/grpc-code.ts';

export interface HeardCount {
  /** `/csi.v1.Controller/CreateVolume` */
  readonly method: string;
  /** As metrics have it: `OK`, `DeadlineExceeded`. */
  readonly code: string;
  readonly count: number;
}

export class HeardCalls {
  private readonly counts = new Map<string, Map<string, number>>();

  heard(method: string, code: number): void {
    const ofMethod = this.counts.get(method) ?? new Map<string, number>();
    this.counts.set(method, ofMethod);
    const name = grpcCodeName(code);
    ofMethod.set(name, (ofMethod.get(name) ?? 0) + 1);
  }

  count(method: string, code: string): number {
    return this.counts.get(method)?.get(code) ?? 0;
  }

  all(): readonly HeardCount[] {
    return [...this.counts].flatMap(([method, codes]) => [...codes].map(([code, count]) => ({ method, code, count })));
  }
}
