/**
 * Deletes leaks in the driver, one after the other, snapshots first. Right before each deletion both sides are looked at
 * anew, and it is left if anything speaks for it now. Whatever ends this in the middle, the next run finds the rest.
 */
import { CsiError } from '../../lib/csi/csi-error.ts';
import type { Finding } from './causes.ts';

export interface Deed {
  readonly finding: Finding;
  readonly result: 'deleted' | 'left' | 'failed';
  /** Why it was left, or what failed. */
  readonly detail: string;
}

export interface CleanOptions {
  readonly findings: readonly Finding[];
  /** The finding as both sides show it now; undefined: it is none any more. */
  readonly again: (finding: Finding) => Promise<Finding | undefined>;
  readonly deletes: (finding: Finding) => Promise<void>;
  readonly begun: (done: number, all: number) => void;
  readonly signal: AbortSignal;
}

export async function clean({ findings, again, deletes, begun, signal }: CleanOptions): Promise<Deed[]> {
  const leaks = findings.filter(({ object, keep }) => object === undefined && keep === undefined);
  // A volume may be held by its snapshots.
  const ordered = [...leaks.filter(({ kind }) => kind === 'snapshot'), ...leaks.filter(({ kind }) => kind === 'volume')];
  const deeds: Deed[] = [];
  for (const finding of ordered) {
    begun(deeds.length, ordered.length);
    if (signal.aborted) deeds.push({ finding, result: 'left', detail: 'stopped before its turn' });
    else deeds.push(await one(finding, { again, deletes }));
  }
  return deeds;
}

async function one(finding: Finding, { again, deletes }: Pick<CleanOptions, 'again' | 'deletes'>): Promise<Deed> {
  const now = await again(finding);
  if (now === undefined) return { finding, result: 'left', detail: 'it is accounted for now, or gone' };
  if (now.keep !== undefined) return { finding, result: 'left', detail: now.keep };
  try {
    await deletes(finding);
    return { finding, result: 'deleted', detail: '' };
  } catch (error) {
    if (!(error instanceof CsiError)) throw error;
    return { finding, result: 'failed', detail: error.message };
  }
}
