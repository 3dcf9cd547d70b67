/**
 * How a volume becomes visible at a path on the node. Both calls are idempotent: they make it so, whatever
 * is there already, and refuse to touch what is not theirs.
 */
export interface PublishRequest {
  /** The volume's directory or device file. */
  readonly source: string;
  readonly target: string;
  readonly block: boolean;
  readonly readonly: boolean;
  readonly mountFlags: readonly string[];
  /** Numeric group that must be able to write; empty: none asked for. */
  readonly group: string;
}

export interface Publisher {
  ensure(request: PublishRequest): Promise<void>;
  /** `keepDirectory`: a staging path is made, and removed, by the caller. */
  remove(target: string, options: { readonly keepDirectory: boolean }): Promise<void>;
  /** Whether a staging path shows the volume too; where it cannot, staging is bookkeeping only. */
  readonly stages: boolean;
}

/** For drivers without a file system: publishing is bookkeeping. */
export const nowhere: Publisher = {
  ensure: () => Promise.resolve(),
  remove: () => Promise.resolve(),
  stages: false,
};
