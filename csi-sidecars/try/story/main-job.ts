/** What users do: a claim, bytes, a snapshot, other bytes, a restore, a clone. */
import { open } from 'node:fs/promises';
import { PERSISTENT_VOLUME_CLAIMS, VOLUME_SNAPSHOTS } from '../../../lib/kube/resources.ts';
import type { Step } from '../step.ts';
import { NotTried } from '../step.ts';
import type { TryWorld } from '../world/world.ts';
import { checksum, writeBytes } from './bytes.ts';
import { claim, pod, snapshot } from './objects.ts';
import { bound, create, mounted, ready, unmounted, whereMounted } from './waits.ts';

export const MAIN_JOB: readonly Step[] = [
  {
    id: 'provision',
    title: 'provision a volume for a claim',
    needs: ['sidecars'],
    run: async (world) => {
      await create(world, PERSISTENT_VOLUME_CLAIMS, claim('data'));
      const { spec, status } = await bound(world, 'data');
      return `${spec?.volumeName ?? ''}, ${String(status?.capacity?.['storage'] ?? '')}`;
    },
  },
  {
    id: 'write',
    title: 'publish it to a Pod and write',
    needs: ['provision'],
    run: async (world) => {
      needsNode(world);
      const sum = await writeBytes(await mounted(world, pod('writer', 'data')), `at the snapshot ${world.run}`);
      world.notes.checksums.set('snapshot', sum);
      return `checksum ${sum}`;
    },
  },
  {
    id: 'snapshot',
    title: 'snapshot it',
    needs: ['provision'],
    offers: ['CREATE_DELETE_SNAPSHOT'],
    run: async (world) => {
      await create(world, VOLUME_SNAPSHOTS, snapshot('data-snapshot', 'data'));
      const { status } = await ready(world, 'data-snapshot');
      return `${status?.boundVolumeSnapshotContentName ?? ''}, ${String(status?.restoreSize ?? '')}`;
    },
  },
  {
    id: 'overwrite',
    title: 'overwrite the source',
    needs: ['write', 'snapshot'],
    run: async (world) => {
      const sum = await writeBytes(await whereMounted(world, 'writer', 'data'), `after the snapshot ${world.run}`);
      world.notes.checksums.set('source', sum);
      return `checksum ${sum}`;
    },
  },
  {
    id: 'restore',
    title: 'restore into a second claim and compare',
    needs: ['snapshot'],
    run: async (world) => {
      const { status } = await ready(world, 'data-snapshot');
      await create(world, PERSISTENT_VOLUME_CLAIMS, claim('restored', { from: 'snapshot/data-snapshot', ...sizeOf(status?.restoreSize) }));
      await bound(world, 'restored');
      return compare(world, { name: 'restored', as: 'snapshot', clause: 'restored-bytes', source: 'the snapshot' });
    },
  },
  {
    id: 'clone',
    title: 'clone it into a third claim and compare',
    needs: ['provision'],
    offers: ['CLONE_VOLUME'],
    run: async (world) => {
      const source = await bound(world, 'data');
      await create(
        world,
        PERSISTENT_VOLUME_CLAIMS,
        claim('cloned', { from: 'claim/data', ...sizeOf(source.status?.capacity?.['storage']) }),
      );
      await bound(world, 'cloned');
      const as = world.notes.checksums.has('source') ? 'source' : 'snapshot';
      return compare(world, { name: 'cloned', as, clause: 'cloned-bytes', source: 'the volume' });
    },
  },
  {
    id: 'block',
    title: 'provision and publish a raw block volume',
    needs: ['provision'],
    run: async (world) => {
      needsNode(world);
      const { metadata } = await create(world, PERSISTENT_VOLUME_CLAIMS, claim('raw', { block: true }));
      try {
        await bound(world, 'raw');
      } catch (error) {
        const refused = world.journal.calls.some(
          ({ rpc, request, answer }) =>
            rpc === 'CreateVolume' &&
            'name' in request &&
            request.name === `pvc-${metadata?.uid ?? ''}` &&
            answer.kind === 'refused' &&
            answer.code === 3,
        );
        if (!refused) throw error;
        throw new NotTried('the driver takes no block volumes: it answers InvalidArgument');
      }
      const device = await mounted(world, pod('raw-writer', 'raw', true));
      const text = Buffer.from(`block ${world.run}`);
      const file = await open(device, 'r+');
      try {
        await file.write(text, 0, text.length, 0);
        const { buffer } = await file.read(Buffer.alloc(text.length), 0, text.length, 0);
        if (!buffer.equals(text)) throw new Error(`written was ${text.toString()}, read ${buffer.toString()}`);
      } finally {
        await file.close();
      }
      await unmounted(world, 'raw-writer');
      return 'written and read';
    },
  },
];

function needsNode({ notes }: TryWorld): void {
  if (notes.withoutNode !== undefined) throw new NotTried(notes.withoutNode);
}

function sizeOf(size: unknown): { readonly size?: string } {
  return size === undefined || String(size) === '0' ? {} : { size: String(size) };
}

interface Comparison {
  readonly name: string;
  /** Step whose checksum it must have. */
  readonly as: 'snapshot' | 'source';
  readonly clause: string;
  readonly source: string;
}

async function compare(world: TryWorld, { name, as, clause, source }: Comparison): Promise<string> {
  const expected = world.notes.checksums.get(as);
  if (world.notes.withoutNode !== undefined || expected === undefined)
    return `bound; bytes not compared: ${world.notes.withoutNode ?? 'none were written'}`;
  const found = await checksum(await mounted(world, pod(`${name}-reader`, name)));
  await unmounted(world, `${name}-reader`);
  const breach = `the volume has checksum ${found}, ${source} had ${expected}`;
  world.observe(clause, found === expected ? undefined : breach);
  if (found !== expected) throw new Error(breach);
  return `the same bytes as ${source}`;
}
