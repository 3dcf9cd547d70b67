/** What a driver has to report for what is asked of it, and the Go program's words where it does not. */
export interface Ability {
  /** What users call it. */
  readonly what: string;
  readonly capability: string;
  /** Which of the driver's services reports it. */
  readonly of: 'plugin' | 'controller';
}

/** Of whatever makes or deletes a volume. */
export const PROVISIONING: readonly Ability[] = [
  { what: 'dynamic provisioning', capability: 'CONTROLLER_SERVICE', of: 'plugin' },
  { what: 'dynamic provisioning', capability: 'CREATE_DELETE_VOLUME', of: 'controller' },
];
export const RESTORE: Ability = { what: 'snapshot restore', capability: 'CREATE_DELETE_SNAPSHOT', of: 'controller' };
export const CLONE: Ability = { what: 'clone operations', capability: 'CLONE_VOLUME', of: 'controller' };
export const ATTRIBUTES: Ability = { what: 'VolumeAttributesClass', capability: 'MODIFY_VOLUME', of: 'controller' };

/** The first that is not reported; undefined where all are. */
export function unsupported(capabilities: ReadonlySet<string>, wanted: readonly Ability[]): string | undefined {
  const lacking = wanted.find(({ capability }) => !capabilities.has(capability));
  if (lacking === undefined) return undefined;
  return `CSI driver does not support ${lacking.what}: ${lacking.of} ${lacking.capability} capability is not reported`;
}
