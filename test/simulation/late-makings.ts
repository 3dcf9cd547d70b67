/**
 * Volumes that the driver makes by a call whose caller is gone, after a volume of the same name was deleted: nobody can
 * know of them (decision 008). One is excused only if at the deletion no living process awaited a call for the name,
 * and none was sent since.
 */
import type { CallLog } from './call-log.ts';

export class LateMakings {
  /** Ids of the volumes. */
  readonly made = new Set<string>();
  /** When a volume of the name was deleted while nobody awaited a call for it. */
  private readonly deleted = new Map<string, number>();
  private readonly calls: CallLog;
  private readonly now: () => number;

  constructor(calls: CallLog, now: () => number) {
    this.calls = calls;
    this.now = now;
  }

  /** A volume of this name is deleted. */
  deletes(name: string): void {
    const isAwaited = this.calls.of('CreateVolume', name).some(({ answer, lost }) => answer === undefined && lost !== true);
    if (isAwaited) this.deleted.delete(name);
    else this.deleted.set(name, this.now());
  }

  /** True if the volume is made by a call of before. */
  makes({ id, name }: { readonly id: string; readonly name: string }): boolean {
    const deletedMs = this.deleted.get(name);
    if (deletedMs === undefined || this.calls.of('CreateVolume', name).some(({ atMs }) => atMs >= deletedMs)) return false;
    this.made.add(id);
    return true;
  }
}
