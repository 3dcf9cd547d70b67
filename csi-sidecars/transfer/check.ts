/** Whether a snapshot may be taken over: the driver has it, and no content of this cluster has it already. */
import { ConfigError } from '../../lib/errors/config-error.ts';
import { VOLUME_SNAPSHOT_CONTENTS } from '../../lib/kube/resources.ts';
import { snapshotsOf } from '../audit/gather-driver.ts';
import type { OpenDriver } from '../driver/connect.ts';
import { listVisible, type ReadOnlyClient } from '../reading/read-only-client.ts';

/** What was found out, in a sentence. Throws ConfigError where the driver is another one or does not have it. */
export async function checkWithDriver(
  { calls, identity }: OpenDriver,
  { driver, handle }: { readonly driver: string; readonly handle: string },
  signal: AbortSignal,
): Promise<string> {
  if (identity.name !== driver) throw new ConfigError(`--driver=${driver}, but the driver at this socket calls itself ${identity.name}`);
  if (!identity.controller.has('LIST_SNAPSHOTS')) return 'not checked: the driver does not list snapshots';
  const snapshot = (await snapshotsOf(calls, signal, handle)).get(handle);
  if (snapshot === undefined) throw new ConfigError(`the driver ${driver} has no snapshot ${handle}`);
  return `the driver has it: of volume ${snapshot.sourceVolumeId}, ${snapshot.bytes} bytes`;
}

/** Two contents of one snapshot: what deletes one takes the data of the other. Throws ConfigError naming the first. */
export async function checkWithCluster(
  client: ReadOnlyClient,
  { driver, handle }: { readonly driver: string; readonly handle: string },
  signal: AbortSignal,
): Promise<void> {
  const { items, blind } = await listVisible(client, VOLUME_SNAPSHOT_CONTENTS, { signal });
  if (blind !== undefined) throw new ConfigError(`whether a content has this snapshot already cannot be told: ${blind.message}`);
  const other = items.find(
    ({ spec, status }) => spec?.driver === driver && (status?.snapshotHandle === handle || spec.source?.snapshotHandle === handle),
  );
  if (other === undefined) return;
  const { namespace = '', name = '' } = other.spec?.volumeSnapshotRef ?? {};
  throw new ConfigError(
    `VolumeSnapshotContent ${other.metadata?.name ?? ''} of VolumeSnapshot ${namespace}/${name} has the snapshot ${handle} already: use that`,
  );
}
