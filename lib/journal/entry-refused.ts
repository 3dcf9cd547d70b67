/** An entry that the journal cannot hold for what it is. It concerns its claim alone. */
export class EntryRefused extends Error {
  readonly code = 'ENTRY_REFUSED';
  readonly uid: string;

  constructor(uid: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'EntryRefused';
    this.uid = uid;
  }
}
