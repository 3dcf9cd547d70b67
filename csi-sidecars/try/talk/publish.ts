/** The way of a volume to this node and back, each call twice, and whether what is written stays. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CsiError } from '../../../lib/csi/csi-error.ts';
import { errorText } from '../../../lib/errors/error-text.ts';
import { NOWHERE } from '../nowhere.ts';
import type { Step } from '../step.ts';
import { NotTried } from '../step.ts';
import { secretOf } from '../world/classes.ts';
import type { NodeFacts } from '../world/driver.ts';
import type { TryWorld } from '../world/world.ts';
import { classesOf, driverOf } from '../world/world.ts';
import { WRITER } from './requests.ts';
import { tolerate } from './tolerate.ts';

export const PUBLISH_STEP: Step = {
  id: 'publish',
  title: 'publish a volume, write, and publish it again',
  needs: ['volume'],
  run: async (world) => {
    const { node } = driverOf(world);
    if (node === undefined) throw new NotTried(world.notes.withoutNode ?? 'the driver has no node service on this socket');
    const way = wayOf(world, node);
    const text = `written by ${world.run}\n`;
    try {
      await way.there();
      await way.there();
    } catch (error) {
      await way.back().catch(() => undefined);
      if (!needsRoot(error)) throw error;
      world.notes.withoutNode = `the driver cannot publish here without more rights: ${errorText(error)}`;
      throw new NotTried(world.notes.withoutNode);
    }
    const file = join(way.target, 'written-by-try');
    try {
      await writeFile(file, text);
    } catch (error) {
      await way.back();
      world.notes.withoutNode = `what the driver publishes is not seen or may not be written from here: ${errorText(error)}`;
      throw new NotTried(world.notes.withoutNode);
    }
    await way.back();
    await way.there();
    const read = await readFile(file, 'utf8').catch((error: unknown) => errorText(error));
    world.observe('bytes-stay', read === text ? undefined : `written was ${JSON.stringify(text)}, read ${JSON.stringify(read)}`);
    await way.back();
    await way.back();
    return `${way.steps.join(', ')}; written and read again`;
  },
};

interface Way {
  readonly target: string;
  readonly steps: readonly string[];
  there(): Promise<void>;
  back(): Promise<void>;
}

function wayOf(world: TryWorld, node: NodeFacts): Way {
  const { calls, signal, notes } = world;
  const { storageClass, secrets } = classesOf(world);
  const attaches = driverOf(world).identity.controller.has('PUBLISH_UNPUBLISH_VOLUME');
  const stages = node.capabilities.has('STAGE_UNSTAGE_VOLUME');
  const { volumeId = '', volumeContext = {} } = notes.volume ?? {};
  const secretsFor = (purpose: string): Record<string, string> => secretOf(storageClass.parameters, purpose, secrets);
  const folder = join(world.dir, 'publish');
  const [stagingPath, target] = [join(folder, 'staging'), join(folder, 'target')];
  const { nodeId } = node;
  return {
    target,
    steps: [...(attaches ? ['attached'] : []), ...(stages ? ['staged'] : []), 'published'],
    there: async () => {
      let publishContext: Record<string, string> = {};
      if (attaches) {
        const attach = {
          volumeId,
          nodeId,
          volumeCapability: WRITER,
          readonly: false,
          secrets: secretsFor('controller-publish'),
          volumeContext,
        };
        publishContext = (await calls.node.controllerPublishVolume(attach, signal)).publishContext;
        await tolerate(calls.node.controllerPublishVolume({ ...attach, volumeId: NOWHERE }, signal));
      }
      await mkdir(stages ? stagingPath : folder, { recursive: true });
      const common = { volumeId, publishContext, volumeCapability: WRITER, volumeContext };
      if (stages)
        await calls.node.nodeStageVolume({ ...common, stagingTargetPath: stagingPath, secrets: secretsFor('node-stage') }, signal);
      await calls.node.nodePublishVolume(
        {
          ...common,
          stagingTargetPath: stages ? stagingPath : '',
          targetPath: target,
          readonly: false,
          secrets: secretsFor('node-publish'),
        },
        signal,
      );
    },
    back: async () => {
      await calls.node.nodeUnpublishVolume({ volumeId, targetPath: target }, signal);
      if (stages) await calls.node.nodeUnstageVolume({ volumeId, stagingTargetPath: stagingPath }, signal);
      if (attaches) await calls.node.controllerUnpublishVolume({ volumeId, nodeId, secrets: secretsFor('controller-publish') }, signal);
    },
  };
}

/** As far as words tell: no code of gRPC says it. */
export function needsRoot(error: unknown): boolean {
  return (
    error instanceof CsiError &&
    /permission denied|not permitted|must be (?:super)?(?:root|user)|only root|EPERM|EACCES/i.test(error.message)
  );
}
