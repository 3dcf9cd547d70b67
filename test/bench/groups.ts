/** Groups of ten, and their end. */
import { askForGroupDeletion, type Group, GROUPS, labelGroup, openGroupClass, takeGroup } from '../real/group-job.ts';
import { guard } from '../real/main-job.ts';
import { groupsOn, type Role } from '../real/programs.ts';
import { doOne } from './phases.ts';
import { atTable, type Experiment, inFlight } from './table.ts';

const GROUP_COUNT = 4;
const MEMBERS = 10;
const IN_FLIGHT = 2;

export const groups: Experiment = {
  size: () => `${GROUP_COUNT} groups of ${MEMBERS}, ${IN_FLIGHT} at once`,
  sides: ['go', 'one'],
  rounds: 'one',
  play: (side, contest) =>
    atTable(side, { contest, name: 'groups', argsOf }, async (table) => {
      const { input } = table;
      const { scene } = input;
      await openGroupClass(scene);
      const claims = Array.from({ length: GROUP_COUNT * MEMBERS }, (_, index) => `claim-${index}`);
      await inFlight(claims, contest.options.inFlight, (claim) => doOne('provision', claim, input));
      const all: Group[] = [];
      for (let index = 0; index < GROUP_COUNT; index += 1) {
        const members = claims.slice(index * MEMBERS, (index + 1) * MEMBERS).map((claim) => `${claim}-source`);
        all.push(await labelGroup(scene, { name: `group-${index}`, claims: members }));
      }
      const timed = (work: (group: Group) => Promise<unknown>) => () =>
        inFlight(all, IN_FLIGHT, async (group) => {
          const began = performance.now();
          await work(group);
          return performance.now() - began;
        });
      await table.measure({ phase: 'group of 10', temper: 'warm', objects: GROUP_COUNT }, timed(takeGroup));
      await table.measure({ phase: 'delete group of 10', temper: 'warm', objects: GROUP_COUNT }, timed(endGroup));
      await inFlight(claims, contest.options.inFlight, (claim) => doOne('delete volume', claim, input));
      await scene.kube.delete(GROUPS.classes, { name: scene.namespace });
      return { phases: table.figures, totals: {} };
    }),
};

/** Gone with its content; both go last. */
async function endGroup(group: Group): Promise<void> {
  const { scene, name } = group;
  const { kube, namespace } = scene;
  const { status } = await kube.get(GROUPS.snapshots, { namespace, name });
  await askForGroupDeletion(group);
  await kube.untilGone(GROUPS.snapshots, { namespace, name }, guard(scene));
  await kube.untilGone(GROUPS.contents, { name: status?.boundVolumeGroupSnapshotContentName ?? '' }, guard(scene));
}

function argsOf(program: Role | 'csi-sidecars'): readonly string[] {
  return program === 'csi-sidecars' ? [] : groupsOn(program);
}
