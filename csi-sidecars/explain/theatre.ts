/**
 * The controllers of all three roles over one set of lists: what each would do next is asked here, and nothing of it is done.
 * The provisioner is one per driver, and opened for those that are asked about.
 */
import type { Clock } from '../../lib/doors/clock.ts';
import {
  CSI_DRIVERS,
  CSI_NODES,
  GROUP_SNAPSHOT_VERSIONS,
  groupSnapshotResources,
  type GroupSnapshotResources,
  PERSISTENT_VOLUMES,
} from '../../lib/kube/resources.ts';
import { type DriversThere, driversThere } from '../reading/drivers-there.ts';
import { listVisible, type ReadOnlyClient } from '../reading/read-only-client.ts';
import { createListedInformers } from './listed-informers.ts';
import { lookingClient } from './looking-client.ts';
import { openProvisioner, type ProvisionerTheatre } from './provisioner-theatre.ts';
import { openSnapshotTheatre, type SnapshotTheatre } from './snapshot-theatre.ts';

export interface Theatre extends SnapshotTheatre {
  readonly drivers: DriversThere;
  /** Kinds that could not be listed, and why. */
  readonly blind: readonly string[];
  /** Of the provisioner of this driver; opened once. */
  provisionerOf(driver: string): Promise<ProvisionerTheatre>;
}

export interface TheatreInput {
  readonly client: ReadOnlyClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

export async function openTheatre({ client, clock, signal, say }: TheatreInput): Promise<Theatre> {
  const informers = createListedInformers();
  const shared = { informers, client: lookingClient(client), clock, signal };
  const snapshots = openSnapshotTheatre({ ...shared, groupResources: await servedGroups(client, signal) });
  const csiNodes = informers.informer(CSI_NODES, { fields: 'whole' });
  const drivers = informers.informer(CSI_DRIVERS, { fields: 'whole' });
  const fill = (): Promise<void> => informers.fill(client, { signal, say });
  await fill();
  const provisioners = new Map<string, ProvisionerTheatre>();
  return {
    ...snapshots,
    drivers: driversThere({
      drivers: informers.listed(CSI_DRIVERS),
      csiNodes: informers.listed(CSI_NODES),
      volumes: informers.listed(PERSISTENT_VOLUMES),
    }),
    get blind() {
      return informers.blind();
    },
    provisionerOf: async (driver) => {
      const known = provisioners.get(driver);
      if (known !== undefined) return known;
      const opened = openProvisioner({ ...shared, driver, csiNodes, drivers });
      await fill();
      provisioners.set(driver, opened);
      return opened;
    },
  };
}

/** In the best version that the server has; undefined where it has none, or does not let us look. */
async function servedGroups(client: ReadOnlyClient, signal: AbortSignal): Promise<GroupSnapshotResources | undefined> {
  for (const version of GROUP_SNAPSHOT_VERSIONS) {
    const resources = groupSnapshotResources(version);
    const { blind } = await listVisible(client, resources.classes, { signal });
    if (blind === undefined) return resources;
  }
  return undefined;
}
