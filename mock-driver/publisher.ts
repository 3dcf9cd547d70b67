/**
 * How a volume becomes visible at a path on the node. All calls are idempotent: they make it so, whatever
 * is there already, and refuse to touch what is not theirs.
 */
import type { Usage } from './store/store.ts';

export interface PublishRequest {
  /** What the store keeps of the volume: a directory, or a file with the bytes of a device or of a file system. */
  readonly source: string;
  readonly target: string;
  readonly block: boolean;
  readonly readonly: boolean;
  readonly mountFlags: readonly string[];
  /** Numeric group that must be able to write; empty: none asked for. */
  readonly group: string;
}

export interface FileSystemUsage extends Usage {
  readonly totalBytes: bigint;
}

export interface Publisher {
  ensure(request: PublishRequest): Promise<void>;
  /** `keepDirectory`: a staging path is made, and removed, by the caller. */
  remove(target: string, options: { readonly keepDirectory: boolean }): Promise<void>;
  /** The volume is at no target path of this node any more. */
  release(source: string): Promise<void>;
  /** The store's file has grown: so does what is seen of it. */
  grow(volume: { readonly source: string; readonly block: boolean }): Promise<void>;
  /** What the volume's own file system, seen at a path, says of itself; undefined where the volume is a directory of a larger one. */
  usage(volume: { readonly source: string; readonly at: string }): Promise<FileSystemUsage | undefined>;
  /** Whether a staging path shows the volume too; where it cannot, staging is bookkeeping only. */
  readonly stages: boolean;
}

/** For drivers without a file system: publishing is bookkeeping. */
export const nowhere: Publisher = {
  ensure: () => Promise.resolve(),
  remove: () => Promise.resolve(),
  release: () => Promise.resolve(),
  grow: () => Promise.resolve(),
  usage: () => Promise.resolve(undefined),
  stages: false,
};
