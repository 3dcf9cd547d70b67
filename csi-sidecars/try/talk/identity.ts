import { CsiError } from '../../../lib/csi/csi-error.ts';
import { driverNameProblem } from '../../../lib/csi/driver-name.ts';
import { NodeServiceCapability_RPC_Type as NodeCan } from '../../../proto/gen/csi.ts';
import { readIdentity } from '../../driver/identity.ts';
import type { Step } from '../step.ts';
import { classesFor } from '../world/classes.ts';
import type { NodeFacts } from '../world/driver.ts';
import type { TryWorld } from '../world/world.ts';
import { until } from '../world/world.ts';
import { tolerate } from './tolerate.ts';

export const IDENTITY_STEP: Step = {
  id: 'identity',
  title: 'ask who the driver is and what it offers',
  run: async (world) => {
    const { calls, signal, notes } = world;
    let refused = '';
    await until(world, 'Probe answers that the driver is ready', {
      probe: async () => {
        try {
          return (await calls.probe({}, signal)).ready === false ? undefined : true;
        } catch (error) {
          if (!(error instanceof CsiError)) throw error;
          refused = error.message;
          return undefined;
        }
      },
      hint: async () => refused,
    });
    const identity = await readIdentity(calls, signal);
    // A second time: it must say the same.
    await readIdentity(calls, signal);
    const problem = driverNameProblem(identity.name);
    if (problem !== undefined) throw new Error(`the driver ${problem}`);
    const node = await nodeFacts(world);
    notes.driver = { identity, node };
    notes.classes = classesFor(identity.name, world.classFile);
    if (node === undefined) notes.withoutNode = 'the driver has no node service on this socket';
    if (!identity.controller.has('CREATE_DELETE_VOLUME'))
      throw new Error('the driver does not offer CREATE_DELETE_VOLUME: nothing of it can be tried');
    return `${identity.name} ${identity.vendorVersion}, ${identity.controller.size} capabilities of the controller, ${node === undefined ? 'no node' : `node ${node.nodeId}`}`;
  },
};

async function nodeFacts({ calls, signal }: TryWorld): Promise<NodeFacts | undefined> {
  const info = await tolerate(calls.node.nodeGetInfo({}, signal));
  const can = await tolerate(calls.node.nodeGetCapabilities({}, signal));
  if (info === undefined || can === undefined) return undefined;
  const types = can.capabilities.map(({ type }) => type?.value.type);
  const capabilities = Object.entries(NodeCan).flatMap(([name, value]) => (types.includes(value) ? [name] : []));
  return { nodeId: info.nodeId, topology: info.accessibleTopology?.segments ?? {}, capabilities: new Set(capabilities) };
}
