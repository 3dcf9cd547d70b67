/** Groups of ten, and their end. */
import { deleteGroup, type Group, GROUPS, labelGroup, openGroupClass, takeGroup } from '../real/group-job.ts';
import { groupsOn, type Role } from '../real/programs.ts';
import { doOne } from './phases.ts';
import { atTable, type Experiment, inFlight } from './table.ts';

const GROUP_COUNT = 6;
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
      await table.measure({ phase: 'delete group of 10', temper: 'warm', objects: GROUP_COUNT }, timed(deleteGroup));
      await inFlight(claims, contest.options.inFlight, (claim) => doOne('delete volume', claim, input));
      await scene.kube.delete(GROUPS.classes, { name: scene.namespace });
      return { phases: table.figures, totals: {} };
    }),
};

function argsOf(program: Role | 'csi-sidecars'): readonly string[] {
  return program === 'csi-sidecars' ? [] : groupsOn(program);
}
