/** What users read, of single snapshots and of groups. The Go program has its own sentences for each. */
import type { SourceFault } from './sources.ts';

export interface KindWords {
  readonly invalidSource: string;
  readonly invalidContentSource: string;
  readonly creating: (key: string) => string;
  readonly created: (key: string) => string;
  readonly ready: (key: string) => string;
  /** The content that the spec names is not there. */
  readonly missing: (contentName: string) => string;
  /** The content that was there is gone. */
  readonly lost: (contentName: string) => string;
  readonly notReferredTo: (contentName: string) => string;
  readonly isDynamic: (contentName: string) => string;
  readonly isGiven: (contentName: string) => string;
  readonly misbound: (contentName: string) => string;
  readonly handleSet: (contentName: string, key: string) => string;
  readonly inUse: (key: string, restores: readonly Restore[]) => string;
  readonly stillMade: string;
  readonly classMissing: (className: string) => string;
  /** Why no class was chosen. */
  readonly noDefaultClass: (snapshot: Named, fault: SourceFault | ClassFault) => string;
  /** Why no content can be made. */
  readonly noContent: (snapshot: Named, fault: SourceFault | CreationFault) => string;
  /** An event beside the status, where the Go program tells it twice. */
  readonly alsoTold: (snapshot: Named, fault: SourceFault | CreationFault) => string | undefined;
  /** `why`: what the API server said. */
  readonly failed: (write: FailedWrite, at: FailedAt, why: string) => string;
}

export interface FailedAt {
  /** Of the snapshot. */
  readonly key: string;
  /** Names of the claims that it is of. */
  readonly claims: readonly string[];
}

interface Named {
  readonly key: string;
  readonly name: string;
}

/** `names`: of the classes marked as default for the driver; none, or more than one. */
export interface ClassFault {
  readonly kind: 'default-classes';
  readonly driver: string;
  readonly names: readonly string[];
}

export type CreationFault =
  | { readonly kind: 'claim-deleted'; readonly claim: string }
  | {
      readonly kind: 'other-driver';
      readonly className: string;
      readonly claim: string;
      readonly volume: string;
      readonly drivers: Drivers;
    }
  /** The volumes lie on different nodes, and a sidecar on one node cannot reach them all. */
  | { readonly kind: 'no-common-node'; readonly volumes: readonly string[] }
  | { readonly kind: 'secret'; readonly fault: string; readonly more: string | undefined };

interface Drivers {
  readonly ofClass: string;
  readonly ofVolume: string;
}

export type FailedWrite =
  | 'read-class'
  | 'set-class'
  | 'write-status'
  | 'write-finalizers'
  | 'prepare-content'
  | 'protect-claim'
  | 'post-content'
  /** The POST again, as the status says it. */
  | 'create-content'
  | 'bind-content'
  | 'delete-content'
  | 'read-content';

/** A snapshot from which volumes are being filled: the claims (namespace/name), or none where they are gone already. */
export interface Restore {
  readonly snapshot: string;
  readonly claims: readonly string[];
}
