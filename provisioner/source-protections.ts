/** What this process knows of the finalizers on VolumeSnapshots that it restores from, beyond what the cache shows. */
export interface SourceProtections {
  /** `namespace/name` of those whose finalizer is being taken away right now: not protected, whatever the cache says. */
  readonly releasing: Set<string>;
  /** `namespace/name` of those that this process protected: they are of our driver. */
  readonly own: Set<string>;
}

export function createSourceProtections(): SourceProtections {
  return { releasing: new Set(), own: new Set() };
}
