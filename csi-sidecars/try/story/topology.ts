import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES } from '../../../lib/kube/resources.ts';
import type { Step } from '../step.ts';
import { NotTried } from '../step.ts';
import { classesOf, driverOf } from '../world/world.ts';
import { claim, pod } from './objects.ts';
import { bound, create, mounted, unmounted } from './waits.ts';

const CLASS = 'try-late';

export const TOPOLOGY_STEP: Step = {
  id: 'topology',
  title: 'provision where a Pod is scheduled',
  needs: ['provision'],
  fullOnly: true,
  run: async (world) => {
    const { identity, node } = driverOf(world);
    if (!identity.plugin.has('VOLUME_ACCESSIBILITY_CONSTRAINTS'))
      throw new NotTried('the driver does not offer VOLUME_ACCESSIBILITY_CONSTRAINTS');
    if (world.notes.withoutNode !== undefined) throw new NotTried(world.notes.withoutNode);
    const late = { ...classesOf(world).storageClass, metadata: { name: CLASS }, volumeBindingMode: 'WaitForFirstConsumer' };
    await create(world, STORAGE_CLASSES, late);
    await create(world, PERSISTENT_VOLUME_CLAIMS, claim('late', { storageClass: CLASS }));
    await mounted(world, pod('late-reader', 'late'));
    const { spec } = await bound(world, 'late');
    const volume = await world.cluster.client.get(PERSISTENT_VOLUMES, { name: spec?.volumeName ?? '' }, world.signal);
    await unmounted(world, 'late-reader');
    const terms = volume.spec?.nodeAffinity?.required?.nodeSelectorTerms ?? [];
    const here = terms.some(({ matchExpressions = [] }) =>
      matchExpressions.every(({ key = '', values = [] }) => values.includes(node?.topology[key] ?? '')),
    );
    if (terms.length > 0 && !here)
      throw new Error(`the volume lies in ${JSON.stringify(terms)}, the node is in ${JSON.stringify(node?.topology)}`);
    return terms.length === 0 ? 'reached from everywhere' : JSON.stringify(node?.topology);
  },
};
