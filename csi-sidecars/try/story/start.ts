import type { KubeObject, Resource } from '../../../lib/kube/objects.ts';
import { CSI_NODES, SECRETS, STORAGE_CLASSES, VOLUME_SNAPSHOT_CLASSES } from '../../../lib/kube/resources.ts';
import type { Step } from '../step.ts';
import { NotTried } from '../step.ts';
import { classesOf, driverOf, until } from '../world/world.ts';
import { create } from './waits.ts';

export const START_STEP: Step = {
  id: 'sidecars',
  title: 'start the sidecars and a node on a control plane',
  needs: ['identity'],
  run: async (world) => {
    const { classes, driver } = { classes: classesOf(world), driver: driverOf(world) };
    const { name } = driver.identity;
    const constrained = driver.identity.plugin.has('VOLUME_ACCESSIBILITY_CONSTRAINTS');
    if (constrained && driver.node === undefined)
      throw new NotTried('the driver has topology and no node service on this socket: no place is known to provision in');
    const objects: readonly (readonly [Resource<KubeObject>, KubeObject])[] = [
      ...classes.secrets.map((secret) => [SECRETS, secret] as const),
      [STORAGE_CLASSES, classes.storageClass],
      [VOLUME_SNAPSHOT_CLASSES, classes.snapshotClass],
    ];
    for (const [resource, object] of objects) await create(world, resource, object);
    if (driver.node !== undefined) {
      world.startNode(name);
      await until(world, 'the node registers the driver', {
        probe: async () => {
          const { items } = await world.cluster.client.list(CSI_NODES, { signal: world.signal });
          return items.some(({ spec }) => spec?.drivers?.some((each) => each.name === name) === true) ? true : undefined;
        },
      });
    }
    world.sidecars.start();
    const roles = driver.identity.controller.has('CREATE_DELETE_SNAPSHOT') ? 'three roles' : 'two roles (no csi-snapshotter)';
    return `${roles}, ${driver.node === undefined ? 'no node' : 'one node'}`;
  },
};
