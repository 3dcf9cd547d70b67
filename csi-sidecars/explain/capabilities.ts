/** What a driver can do is not asked of it: a capability that the cluster does not show is taken for granted. */
import type { DriverIdentity } from '../../lib/csi/capabilities.ts';

const ALL: ReadonlySet<string> = new Set([
  'CONTROLLER_SERVICE',
  'CREATE_DELETE_VOLUME',
  'CREATE_DELETE_SNAPSHOT',
  'LIST_SNAPSHOTS',
  'CLONE_VOLUME',
  'MODIFY_VOLUME',
  'SINGLE_NODE_MULTI_WRITER',
]);

export function identityOf(driver: string, { topology }: { readonly topology: boolean }): DriverIdentity {
  return {
    name: driver,
    vendorVersion: '',
    plugin: new Set([...ALL, ...(topology ? ['VOLUME_ACCESSIBILITY_CONSTRAINTS'] : [])]),
    controller: ALL,
    groupController: ALL,
  };
}
