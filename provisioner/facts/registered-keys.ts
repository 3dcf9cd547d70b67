/** The topology keys that a driver has registered on a node, as kubelet writes them into the CSINode; and whether a change touches them. */
import type { InformerEvent } from '../../lib/controller/informer.ts';
import type { CsiNode, Node } from '../../lib/kube/objects.ts';

export type RegisteredKeys = readonly string[] | 'no-csinode' | 'no-driver';

export function registeredKeys(driver: string, csiNode: CsiNode | undefined): RegisteredKeys {
  if (csiNode === undefined) return 'no-csinode';
  const entry = csiNode.spec?.drivers?.find(({ name }) => name === driver);
  return entry === undefined ? 'no-driver' : (entry.topologyKeys ?? []);
}

/** Other drivers come and go in the same CSINodes. */
export function changesKeys(driver: string, { old, object, changed }: Pick<InformerEvent<CsiNode>, 'old' | 'object' | 'changed'>): boolean {
  return changed && String(registeredKeys(driver, old)) !== String(registeredKeys(driver, object));
}

/** The Node came or went, or a label changed that is one of `keys`. */
export function changesPlace(
  keys: RegisteredKeys,
  { old, object, changed }: Pick<InformerEvent<Node>, 'old' | 'object' | 'changed'>,
): boolean {
  if (!changed) return false;
  if (old === undefined || object === undefined) return true;
  if (typeof keys === 'string') return false;
  return keys.some((key) => old.metadata?.labels?.[key] !== object.metadata?.labels?.[key]);
}
