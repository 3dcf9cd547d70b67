/** What a lineage is made of. */
export interface LineageNode {
  /** `claim/NAMESPACE/NAME`, `snapshot/NAMESPACE/NAME`, `volume/NAME`, `content/NAME`, or `gone/…` for what is only spoken of. */
  readonly id: string;
  readonly kind: string;
  /** `NAMESPACE/NAME`, or NAME of what has no namespace. */
  readonly name: string;
  /** As kubectl shows it: `Bound`, `ready`, `Released`. */
  readonly state: string;
  /** As it is written: `1Gi`. */
  readonly size: string;
  /** RFC 3339; empty: not known. */
  readonly createdAt: string;
  /** Where it is: PV and handle of a claim, content and handle of a snapshot. */
  readonly place: string;
  /** Id of what it came from. */
  readonly parent: string | undefined;
}

/** A node with what came from it. */
export interface LineageTree {
  readonly node: LineageNode;
  readonly children: readonly LineageTree[];
}
