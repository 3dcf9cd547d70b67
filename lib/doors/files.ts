/** The few file accesses of a sidecar: credentials, the namespace file, the termination log. */
export interface Files {
  /** Rejects with an Error whose `code` is the operating system's (ENOENT, EACCES, …). */
  read(path: string): Promise<Uint8Array>;
  write(path: string, content: Uint8Array): Promise<void>;
  exists(path: string): Promise<boolean>;
}
