/**
 * The transcripts in docs/verbs/ are what the built program prints on the sandbox. With `-u` the pages are written anew.
 */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { VERBS } from '../../csi-sidecars/verbs.ts';
import type { World } from '../../demo/world.ts';
import {
  DRIVER,
  installWorldCrds,
  openSandboxWorld,
  programFile,
  startDriver,
  startSidecars,
  untilNodeHasDriver,
} from '../../demo/world.ts';
import { repositoryRoot } from '../../harness/repository.ts';
import { eventually } from '../../harness/wait.ts';
import { EVENTS, PERSISTENT_VOLUME_CLAIMS, STORAGE_CLASSES, VOLUME_SNAPSHOT_CLASSES, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import { addressOf, DRIVER_SCENES } from './verb-scenes.ts';

const PAGES = join(repositoryRoot(), 'docs/verbs');
const namespace = 'default';
const claim = (name: string, spec: object = {}) => ({
  metadata: { name, namespace },
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '1Mi' } }, ...spec },
});

/** What the commands of a page find; pages that are not here need no more than an empty cluster. */
const SCENES: Readonly<Record<string, (world: World) => Promise<unknown>>> = {
  ...DRIVER_SCENES,
  'doctor.md': async (world) => {
    await stage(world);
    const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
    for (const name of ['slow', 'slower'])
      await world.kube.create(STORAGE_CLASSES, { metadata: { name, annotations }, provisioner: DRIVER });
    const parameters = { 'csi.storage.k8s.io/snapshotter-secret-name': 'key', 'csi.storage.k8s.io/snapshotter-secret-namespace': 'vault' };
    await world.kube.create(VOLUME_SNAPSHOT_CLASSES, {
      metadata: { name: 'locked' },
      driver: DRIVER,
      deletionPolicy: 'Delete',
      parameters,
    });
    await world.kube.create(PERSISTENT_VOLUME_CLAIMS, claim('data', { storageClassName: 'fats' }));
  },
  'release.md': (world) => installWorldCrds(world, world.stage.broken),
  'explain.md': async (world) => {
    await stage(world);
    startSidecars(world, { oneProcess: true });
    const { kube } = world;
    await kube.create(VOLUME_SNAPSHOT_CLASSES, { metadata: { name: 'fast' }, driver: DRIVER, deletionPolicy: 'Delete' });
    await kube.create(PERSISTENT_VOLUME_CLAIMS, claim('data'));
    const isBound = { what: 'bound', test: ({ status }: { status?: { phase?: string } }) => status?.phase === 'Bound' };
    await kube.until(PERSISTENT_VOLUME_CLAIMS, { name: 'data', namespace }, isBound);
    const snapshot = { source: { persistentVolumeClaimName: 'data' }, volumeSnapshotClassName: 'fats' };
    await kube.create(VOLUME_SNAPSHOTS, { metadata: { name: 'nightly', namespace }, spec: snapshot });
    const isTold = {
      what: 'told',
      test: ({ status }: { status?: { error?: { message?: string } } }) => status?.error?.message !== undefined,
    };
    await kube.until(VOLUME_SNAPSHOTS, { name: 'nightly', namespace }, isTold);
    const dataSource = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'nightly' };
    await kube.create(PERSISTENT_VOLUME_CLAIMS, claim('restored', { dataSource }));
    const isHandedOver = {
      what: 'handed over',
      test: ({ metadata }: { metadata?: { annotations?: object } }) => Object.keys(metadata?.annotations ?? {}).length > 0,
    };
    await kube.until(PERSISTENT_VOLUME_CLAIMS, { name: 'restored', namespace }, isHandedOver);
    const told = async (): Promise<true | undefined> => {
      const events = await kube.list(EVENTS, namespace);
      return events.some(({ involvedObject, type }) => involvedObject?.name === 'restored' && type === 'Warning') ? true : undefined;
    };
    await eventually('a warning about the claim', told, { signal: world.stage.broken });
  },
};

/** CRDs, and a driver on the node. */
async function stage(world: World): Promise<void> {
  await installWorldCrds(world, world.stage.broken);
  await startDriver(world);
  await untilNodeHasDriver(world.kube);
  await world.kube.create(STORAGE_CLASSES, { metadata: { name: 'fast' }, provisioner: DRIVER });
}

/** The page with the output of each of its commands behind it. */
async function retold(page: string, run: (command: string) => Promise<string>): Promise<string> {
  const parts = page.split(/(^```console\n[^]*?^```$)/m);
  const told: string[] = [];
  for (const part of parts) {
    if (!part.startsWith('```console\n')) {
      told.push(part);
      continue;
    }
    const commands = part.split('\n').filter((line) => line.startsWith('$ '));
    const blocks: string[] = [];
    for (const command of commands) blocks.push(`${command}\n${await run(command.slice(2))}`);
    told.push(`\`\`\`console\n${blocks.join('')}\`\`\``);
  }
  return told.join('');
}

/** Times, uids, checksums and how often something was polled differ at every run. */
function steady(text: string, world: World): string {
  const uids = new Map<string, string>();
  return text
    .replaceAll(world.stage.dir, '/tmp/csi')
    .replace(/\d+ calls in \d+\.\d s/g, '250 calls in 4.0 s')
    .replace(/[ \d]{3}\.\d\d s/g, '  0.10 s')
    .replace(/(?<=checksum )[0-9a-f]{16}/g, '0123456789abcdef')
    .replace(/\b\d{1,2}s {2,3}(?=\S)/g, '5s   ')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, '2026-01-01T00:00:00Z')
    .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (uid) => {
      const known = uids.get(uid) ?? `00000000-0000-4000-8000-${String(uids.size + 1).padStart(12, '0')}`;
      uids.set(uid, known);
      return known;
    });
}

describe('the page of a verb', () => {
  test('exists for every verb, and the list names it', async () => {
    const names = await readdir(PAGES);
    expect(names.toSorted()).toEqual([...VERBS.map(({ name }) => `${name}.md`), 'README.md'].toSorted());
    const index = await readFile(join(PAGES, 'README.md'), 'utf8');
    for (const { name } of VERBS) expect(index).toContain(`[${name}](${name}.md)`);
  });

  test.each(VERBS.map(({ name }) => [`${name}.md`]))('%s shows what the program prints', async (name) => {
    const shown = await readFile(join(PAGES, name), 'utf8');
    await expect(await told(name, shown)).toMatchFileSnapshot(join(PAGES, name));
  });

  /** The page as the program tells it now. */
  async function told(name: string, shown: string): Promise<string> {
    const world = await openSandboxWorld(`page-${name.replace('.md', '')}`);
    try {
      await SCENES[name]?.(world);
      const program = `csi-sidecars() { ${process.execPath} ${programFile('csi-sidecars')} "$@"; }; export KUBECONFIG=${world.kubeconfig} CSI_ADDRESS=${addressOf(world)};`;
      const run = async (command: string): Promise<string> => {
        const { stdout, stderr } = await world.stage.run({ name: 'transcript', file: 'bash', args: ['-c', `${program} ${command}`] });
        expect(stderr).toBe('');
        return steady(stdout, world);
      };
      return await retold(shown, run);
    } finally {
      await world.close();
    }
  }
});
