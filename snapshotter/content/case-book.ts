/**
 * What this process knows of CreateSnapshot calls, by content uid. The knowledge only ever shortens work:
 * what is not known (a restart, another leader) is taken as undecided wherever it could leak.
 */
import type { Doubt } from '../../lib/csi/outcome.ts';

export interface CreateRecord {
  /**
   * `unknown`: an earlier life, or another leader, may have called; only the mark can tell, and other
   * programs overwrite marks. `clean`: no call is running: this process saw the content from its ADDED event
   * on, or has the driver's last word. `open`: a call may be running.
   */
  readonly standing: 'unknown' | 'clean' | 'open';
  /** What final answers came since the case is open. */
  readonly doubt: Doubt | undefined;
  /** DeleteSnapshot succeeded. */
  readonly deleted: boolean;
}

export const NO_RECORD: CreateRecord = { standing: 'unknown', doubt: undefined, deleted: false };

export interface CaseBook {
  recordOf(uid: string): CreateRecord;
  write(uid: string, record: CreateRecord): void;
  /** A content appeared while this process was at work. */
  born(uid: string): void;
  forget(uid: string): void;
}

export function createCaseBook(): CaseBook {
  const records = new Map<string, CreateRecord>();
  return {
    recordOf: (uid) => records.get(uid) ?? NO_RECORD,
    write: (uid, record) => {
      records.set(uid, record);
    },
    born: (uid) => {
      if (!records.has(uid)) records.set(uid, { ...NO_RECORD, standing: 'clean' });
    },
    forget: (uid) => {
      records.delete(uid);
    },
  };
}
