/**
 * Whatever a person can get wrong about a program's input or an object: one clear line that names the thing
 * and the remedy, the exit code that the Go program has, and for objects an event and a status that heal.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exampleFile } from '../../demo/manifests.ts';
import type { World } from '../../demo/world.ts';
import { installWorldCrds, openSandboxWorld, programFile, SIDECARS, startDriver, startProgram, startSidecars } from '../../demo/world.ts';
import type { CoreEvent, KubeObject, PersistentVolumeClaim, Resource, VolumeSnapshot } from '../../lib/kube/objects.ts';
import { EVENTS, PERSISTENT_VOLUME_CLAIMS, STORAGE_CLASSES, VOLUME_SNAPSHOT_CLASSES, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import type { RunResult, Stage } from '../../harness/stage.ts';
import { openStage } from '../../harness/stage.ts';
import { eventually } from '../../harness/wait.ts';

const namespace = 'default';

describe('a program whose input is wrong', () => {
  let stage: Stage;
  beforeAll(() => {
    stage = openStage('bad-input');
  });
  afterAll(() => stage.close());

  const run = (name: string, args: readonly string[]): Promise<RunResult> =>
    stage.run({ name, file: process.execPath, args: [programFile(name), ...args], timeoutMs: 60_000 });
  /** The lines that a person reads; usage and stack traces would drown the one that matters. */
  const linesOf = ({ stdout, stderr }: RunResult): string[] => `${stdout}${stderr}`.split('\n').filter((line) => line.trim() !== '');

  test.each([...SIDECARS, 'csi-sidecars'])('%s: an unknown flag is named, exit 2', async (name) => {
    const result = await run(name, ['--frobnicate=1']);
    expect(result.code, result.stderr).toBe(2);
    expect(linesOf(result).filter((line) => line.includes('frobnicate'))).toHaveLength(1);
    expect(result.stderr).toMatch(/--help|-help|Usage/);
  });

  test.each([...SIDECARS, 'csi-sidecars'])('%s: a malformed duration is named with its flag, exit 2', async (name) => {
    const result = await run(name, ['--leader-election-lease-duration=soon']);
    expect(result.code, result.stderr).toBe(2);
    const [line = ''] = linesOf(result).filter((each) => each.includes('soon'));
    expect(line).toContain('leader-election-lease-duration');
  });

  test.each(SIDECARS)('%s: a kubeconfig that is not there is named, exit 1', async (name) => {
    const file = join(stage.dir, 'no-such-kubeconfig');
    const result = await run(name, [`--kubeconfig=${file}`]);
    expect(result.code, result.stderr).toBe(1);
    expect(linesOf(result).filter((line) => line.includes(file))).toHaveLength(1);
  });

  test.each(SIDECARS)('%s: a kubeconfig that is none is named, exit 1', async (name) => {
    const file = join(stage.dir, 'garbage');
    writeFileSync(file, 'clusters: [}\n');
    const result = await run(name, [`--kubeconfig=${file}`]);
    expect(result.code, result.stderr).toBe(1);
    expect(linesOf(result).filter((line) => line.includes(file))).toHaveLength(1);
  });

  /** A kubeconfig whose server is a port that nobody listens on. */
  const unreachable = (): string => {
    const file = join(stage.dir, 'nobody');
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: 'http://127.0.0.1:9' } }],
      users: [{ name: 'u', user: {} }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    };
    writeFileSync(file, JSON.stringify(config));
    return file;
  };

  test('snapshot-controller: an API server that does not answer is named with its remedy, exit 1', async () => {
    const result = await run('snapshot-controller', [`--kubeconfig=${unreachable()}`, '--retry-crd-interval-max=1s']);
    expect(result.code, result.stderr).toBe(1);
    const [line = ''] = linesOf(result).filter((each) => each.includes('127.0.0.1:9'));
    expect(line).toContain('--kubeconfig');
  });

  test.each(['csi-snapshotter', 'csi-provisioner'])(
    '%s: an API server that does not answer is named with its remedy, and waited for',
    async (name) => {
      const driver = await startDriver({ stage });
      const flags = [`--kubeconfig=${unreachable()}`, `--csi-address=${join(stage.dir, 'csi.sock')}`];
      const program = startProgram(stage, name, { flags });
      const told = await eventually(
        'the line that names the server',
        () =>
          program
            .log()
            .split('\n')
            .find((each) => each.includes('127.0.0.1:9')),
        { signal: stage.broken },
      );
      expect(told).toContain('--kubeconfig');
      expect(program.running()).toBe(true);
      expect(await program.stop()).toEqual({ code: 0, signal: null });
      await driver.stop();
    },
  );
});

describe('a driver that is not what is needed', () => {
  let world: World;
  beforeAll(async () => {
    world = await openSandboxWorld('bad-driver');
    await installWorldCrds(world, world.stage.broken);
  });
  afterAll(() => world.close());

  test('csi-snapshotter: a driver without CREATE_DELETE_SNAPSHOT is named with what it lacks, exit 1', async () => {
    const driver = await startDriver(world, { flags: ['--disable=CREATE_DELETE_SNAPSHOT'] });
    const { code, stdout, stderr } = await world.stage.run({
      name: 'csi-snapshotter',
      file: process.execPath,
      args: [programFile('csi-snapshotter'), `--kubeconfig=${world.kubeconfig}`, `--csi-address=${join(world.stage.dir, 'csi.sock')}`],
      timeoutMs: 60_000,
    });
    await driver.stop();
    expect(code, stderr).toBe(1);
    expect(`${stdout}${stderr}`).toContain('CREATE_DELETE_SNAPSHOT');
  });

  test('snapshot-controller: missing CRDs are named with the way to get them, exit 1', async () => {
    const bare = await openSandboxWorld('no-crds');
    try {
      const { code, stdout, stderr } = await bare.stage.run({
        name: 'snapshot-controller',
        file: process.execPath,
        args: [programFile('snapshot-controller'), `--kubeconfig=${bare.kubeconfig}`, '--retry-crd-interval-max=1s'],
        timeoutMs: 60_000,
      });
      expect(code, stderr).toBe(1);
      const told =
        `${stdout}${stderr}`
          .split('\n')
          .filter((line) => line.includes('install-crds'))
          .at(-1) ?? '';
      expect(told).toContain('volumesnapshots.snapshot.storage.k8s.io');
      expect(told).toContain('deploy/crds');
    } finally {
      await bare.close();
    }
  });

  test('sidecars whose socket is missing wait for it, and work once it is there', async () => {
    startSidecars(world, { oneProcess: false });
    await world.apply(exampleFile('10'));
    await world.apply(exampleFile('20'));
    const claim = await world.kube.get(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'data' });
    expect(claim.status?.phase).toBe('Pending');
    await startDriver(world);
    const bound = { what: 'bound', test: isBound, signal: world.stage.broken };
    await world.kube.until(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'data' }, bound);
  });
});

describe('an object that names what is not there', () => {
  let world: World;
  beforeAll(async () => {
    world = await openSandboxWorld('bad-objects');
    await installWorldCrds(world, world.stage.broken);
    await startDriver(world);
    // A second instead of the usual back-off: what is tested is that it heals, not how soon.
    startSidecars(world, { oneProcess: false, flags: ['--retry-interval-start=200ms', '--retry-interval-max=1s'] });
    await world.apply(exampleFile('10'));
  });
  afterAll(() => world.close());

  const warningOn = (object: { readonly kind: string; readonly name: string }, reason: string): Promise<CoreEvent> =>
    eventually(
      `event ${reason} on ${object.kind} ${object.name}`,
      async () =>
        (await world.kube.list(EVENTS, namespace)).find(
          ({ type, reason: other, involvedObject }) =>
            type === 'Warning' && other === reason && involvedObject?.kind === object.kind && involvedObject.name === object.name,
        ),
      { signal: world.stage.broken },
    );
  const until = <T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    condition: { what: string; test: (object: T) => boolean },
  ): Promise<T> => world.kube.until(resource, { namespace, name }, { ...condition, signal: world.stage.broken });

  const claim = (name: string, more: object = {}): PersistentVolumeClaim => ({
    metadata: { name, namespace },
    spec: { storageClassName: 'csi-mock', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } }, ...more },
  });
  const snapshot = (name: string, claimName: string, className = 'csi-mock'): VolumeSnapshot => ({
    metadata: { name, namespace },
    spec: { volumeSnapshotClassName: className, source: { persistentVolumeClaimName: claimName } },
  });
  const hasError = ({ status }: VolumeSnapshot): boolean => status?.error?.message !== undefined;
  const isReady = ({ status }: VolumeSnapshot): boolean => status?.readyToUse === true;

  test('a snapshot of a claim that does not exist says so, and becomes ready once the claim appears', async () => {
    await world.kube.create(VOLUME_SNAPSHOTS, snapshot('of-nothing', 'late-claim'));
    const told = await until(VOLUME_SNAPSHOTS, 'of-nothing', { what: 'in error', test: hasError });
    expect(told.status?.error?.message).toContain('late-claim');
    await warningOn({ kind: 'VolumeSnapshot', name: 'of-nothing' }, 'SnapshotContentCreationFailed');
    await world.kube.create(PERSISTENT_VOLUME_CLAIMS, claim('late-claim'));
    const ready = await until(VOLUME_SNAPSHOTS, 'of-nothing', { what: 'ready', test: isReady });
    expect(ready.status?.error).toBeUndefined();
  });

  test('a snapshot with a class that does not exist says so, and becomes ready once the class appears', async () => {
    await world.kube.create(PERSISTENT_VOLUME_CLAIMS, claim('for-class'));
    await until(PERSISTENT_VOLUME_CLAIMS, 'for-class', { what: 'bound', test: isBound });
    await world.kube.create(VOLUME_SNAPSHOTS, snapshot('no-class', 'for-class', 'late-class'));
    const told = await until(VOLUME_SNAPSHOTS, 'no-class', { what: 'in error', test: hasError });
    expect(told.status?.error?.message).toContain('late-class');
    await warningOn({ kind: 'VolumeSnapshot', name: 'no-class' }, 'GetSnapshotClassFailed');
    await world.kube.create(VOLUME_SNAPSHOT_CLASSES, {
      metadata: { name: 'late-class' },
      driver: 'mock.csi.example',
      deletionPolicy: 'Delete',
    });
    await until(VOLUME_SNAPSHOTS, 'no-class', { what: 'ready', test: isReady });
  });

  test('a claim from a snapshot that does not exist says so, and is bound once the snapshot appears', async () => {
    await world.kube.create(PERSISTENT_VOLUME_CLAIMS, claim('for-snapshot'));
    await until(PERSISTENT_VOLUME_CLAIMS, 'for-snapshot', { what: 'bound', test: isBound });
    const dataSource = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'late-snapshot' };
    await world.kube.create(PERSISTENT_VOLUME_CLAIMS, claim('restored', { dataSource }));
    const { message } = await warningOn({ kind: 'PersistentVolumeClaim', name: 'restored' }, 'ProvisioningFailed');
    expect(message).toContain('late-snapshot');
    expect((await world.kube.get(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'restored' })).status?.phase).toBe('Pending');
    await world.kube.create(VOLUME_SNAPSHOTS, snapshot('late-snapshot', 'for-snapshot'));
    await until(PERSISTENT_VOLUME_CLAIMS, 'restored', { what: 'bound', test: isBound });
  });

  test('a claim whose class does not exist is bound once the class appears', async () => {
    await world.kube.create(PERSISTENT_VOLUME_CLAIMS, claim('no-storage-class', { storageClassName: 'late-storage' }));
    // Nothing is said of it, as with the Go program: one that came later is served, so this one was looked at.
    await world.kube.create(PERSISTENT_VOLUME_CLAIMS, claim('after-it'));
    await until(PERSISTENT_VOLUME_CLAIMS, 'after-it', { what: 'bound', test: isBound });
    expect((await world.kube.get(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'no-storage-class' })).status?.phase).toBe('Pending');
    await world.kube.create(STORAGE_CLASSES, { metadata: { name: 'late-storage' }, provisioner: 'mock.csi.example' });
    await until(PERSISTENT_VOLUME_CLAIMS, 'no-storage-class', { what: 'bound', test: isBound });
  });
});

function isBound({ status }: PersistentVolumeClaim): boolean {
  return status?.phase === 'Bound';
}
