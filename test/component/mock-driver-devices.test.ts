/** The mock driver where it may mount and has loop devices: devices for block volumes, file systems with an end, none left over. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statfsSync,
  statSync,
  writeSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loopProblem } from '../../mock-driver/system/loops.ts';
import { readMounts } from '../../mock-driver/system/mount-table.ts';
import { mayGrowMounted } from '../../mock-driver/system/ext4.ts';
import { VolumeCapability_AccessMode_Mode as Mode, type VolumeCapability } from '../../proto/gen/csi.ts';
import { capability, type Client, fromSnapshot, fromVolume } from '../../mock-driver/workbench.ts';
import { openStage, type Stage } from '../../harness/stage.ts';
import { driverArgs, startDriverProcess, type DriverProcess } from './mock-driver-process.ts';

const MIB = 1n << 20n;
const folder = openStage('loop-probe');
const problem = await loopProblem(folder.dir);
await folder.close();
const canGrowMounted = problem === undefined && (await mayGrowMounted());

let stage: Stage;
beforeEach(() => {
  stage = openStage('mock-driver-devices');
});
afterEach(async () => {
  // What a failed test left would hold its folder.
  const mounts = (await readMounts()).filter(({ point }) => point.startsWith(stage.dir));
  for (const { point } of mounts.toReversed()) spawnSync('umount', [point]);
  const left = loops();
  for (const device of left) spawnSync('losetup', ['--detach', device]);
  await stage.close();
  expect(left).toEqual([]);
});

/** Devices of files of this stage. */
const loops = (): string[] =>
  execFileSync('losetup', ['--list', '--noheadings', '--raw', '--output=NAME,BACK-FILE'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(stage.dir))
    .map((line) => line.split(' ')[0] ?? '');

const size = (bytes: bigint) => ({ requiredBytes: bytes, limitBytes: 0n });
const start = (format: 'directory' | 'ext4' = 'directory'): Promise<DriverProcess> =>
  startDriverProcess(stage, { args: ['--publish=bind', `--volume-format=${format}`] });

async function make(client: Client, name: string, fields: Parameters<Client['createVolume']>[0] & { block?: boolean; mode?: Mode } = {}) {
  const { block = false, mode = Mode.SINGLE_NODE_WRITER, ...rest } = fields;
  const answer = await client.createVolume({ name, volumeCapabilities: [capability({ block, mode })], ...rest });
  expect([answer.code, answer.message]).toEqual(['OK', '']);
  return answer.response.volume?.volumeId ?? '';
}

/** One use of a volume, and the calls that begin and end it. */
function use(volumeId: string, { volumeCapability = capability(), at = '1' }: { volumeCapability?: VolumeCapability; at?: string } = {}) {
  const stagingTargetPath = join(stage.dir, `staging-${volumeId}`);
  const targetPath = join(stage.dir, `target-${volumeId}-${at}`);
  const ok = async (answer: Promise<{ code: string; message: string }>): Promise<void> => {
    const { code, message } = await answer;
    expect([code, message]).toEqual(['OK', '']);
  };
  return {
    targetPath,
    begin: async (client: Client, readonly = false): Promise<string> => {
      mkdirSync(stagingTargetPath, { recursive: true });
      await ok(client.stage({ volumeId, stagingTargetPath, volumeCapability }));
      await ok(client.publish({ volumeId, stagingTargetPath, targetPath, volumeCapability, readonly }));
      return targetPath;
    },
    unpublish: (client: Client) => ok(client.unpublish({ volumeId, targetPath })),
    end: async (client: Client): Promise<void> => {
      await ok(client.unpublish({ volumeId, targetPath }));
      await ok(client.unstage({ volumeId, stagingTargetPath }));
    },
  };
}

function write(device: string, text: string): void {
  const descriptor = openSync(device, 'r+');
  try {
    writeSync(descriptor, text);
  } finally {
    closeSync(descriptor);
  }
}

function head(device: string, bytes = 4): string {
  const descriptor = openSync(device, 'r');
  const buffer = Buffer.alloc(bytes);
  readSync(descriptor, buffer);
  closeSync(descriptor);
  return buffer.toString();
}

const sizeOf = (device: string): bigint => BigInt(execFileSync('blockdev', ['--getsize64', device], { encoding: 'utf8' }).trim());
const block = capability({ block: true });

describe.skipIf(problem !== undefined)('a block volume', () => {
  test('is a device of its size, grows while it is published, and goes with its last target path', async () => {
    const { client } = await start();
    const mode = Mode.SINGLE_NODE_MULTI_WRITER;
    const volumeCapability = capability({ block: true, mode });
    const volumeId = await make(client, 'v', { block: true, mode, capacityRange: size(8n * MIB) });
    const [one, two] = [use(volumeId, { volumeCapability }), use(volumeId, { volumeCapability, at: '2' })];
    for (const each of [one, one, two]) await each.begin(client);
    expect([statSync(one.targetPath).isBlockDevice(), statSync(two.targetPath).rdev]).toEqual([true, statSync(one.targetPath).rdev]);
    expect([sizeOf(one.targetPath), loops()]).toEqual([8n * MIB, [expect.stringContaining('/dev/loop')]]);
    const grown = await client.expandVolume({ volumeId, capacityRange: size(16n * MIB) });
    expect([grown.code, grown.response.nodeExpansionRequired]).toEqual(['OK', true]);
    await client.nodeExpand({ volumeId, volumePath: one.targetPath, capacityRange: size(16n * MIB) });
    expect(sizeOf(one.targetPath)).toBe(16n * MIB);
    await two.unpublish(client);
    expect(loops()).toHaveLength(1);
    await one.end(client);
    expect([existsSync(one.targetPath), loops()]).toEqual([false, []]);
    expect((await client.deleteVolume({ volumeId })).code).toBe('OK');
  });

  test('that is read-only cannot be written', async () => {
    const { client } = await start();
    const volumeId = await make(client, 'v', { block: true, capacityRange: size(MIB) });
    const only = use(volumeId, { volumeCapability: block });
    await only.begin(client, true);
    expect(() => write(only.targetPath, 'no')).toThrow('EPERM');
    await only.end(client);
  });

  test('is snapshotted with what was written last, and a restored one has it', async () => {
    const { client } = await start();
    const source = await make(client, 'v', { block: true, capacityRange: size(8n * MIB) });
    const written = use(source, { volumeCapability: block });
    await written.begin(client);
    write(written.targetPath, 'then');
    const { response } = await client.createSnapshot({ name: 's', sourceVolumeId: source });
    write(written.targetPath, 'now!');
    const cloned = await make(client, 'c', { block: true, volumeContentSource: fromVolume(source), capacityRange: size(8n * MIB) });
    const volumeContentSource = fromSnapshot(response.snapshot?.snapshotId ?? '');
    const restored = await make(client, 'r', { block: true, volumeContentSource, capacityRange: size(12n * MIB) });
    const [clone, copy] = [use(cloned, { volumeCapability: block }), use(restored, { volumeCapability: block })];
    await clone.begin(client);
    await copy.begin(client);
    expect([head(copy.targetPath), sizeOf(copy.targetPath), head(clone.targetPath)]).toEqual(['then', 12n * MIB, 'now!']);
    for (const each of [written, clone, copy]) await each.end(client);
  });

  test('is found again by a driver that was killed, and its device is taken away by it', async () => {
    const first = await start();
    const volumeId = await make(first.client, 'v', { block: true, capacityRange: size(MIB) });
    const used = use(volumeId, { volumeCapability: block });
    await used.begin(first.client);
    write(used.targetPath, 'kept');
    await first.program.kill();
    const { client } = await start();
    await used.begin(client);
    expect([head(used.targetPath), loops().length]).toEqual(['kept', 1]);
    await used.end(client);
  });

  test.each([0, 4])(
    'whose driver dies at step %d of publishing or of its end leaves no device once the calls were repeated',
    async (crashStep) => {
      const { client, program } = await start();
      const volumeId = await make(client, 'v', { block: true, capacityRange: size(MIB) });
      const used = use(volumeId, { volumeCapability: block });
      await used.begin(client);
      const scenario = join(stage.dir, 'scenario.json');
      const faults = ['NodePublishVolume', 'NodeUnpublishVolume'].map((rpc) => ({ rpc, calls: '1', crash: 'during', crashStep }));
      writeFileSync(scenario, JSON.stringify({ faults }));
      await program.kill();
      const args = ['--publish=bind', `--scenario=${scenario}`];
      const second = await startDriverProcess(stage, { args });
      await second.client.unpublish({ volumeId, targetPath: used.targetPath });
      await second.program.ended;
      const third = await startDriverProcess(stage, { args: ['--publish=bind'] });
      await used.unpublish(third.client);
      expect(loops()).toEqual([]);
      await third.program.kill();
      const fourth = await startDriverProcess(stage, { args });
      await fourth.client.publish({
        volumeId,
        stagingTargetPath: join(stage.dir, `staging-${volumeId}`),
        targetPath: used.targetPath,
        volumeCapability: block,
      });
      await fourth.program.ended;
      const { client: last } = await start();
      await used.end(last);
      expect(loops()).toEqual([]);
    },
  );
});

describe.skipIf(problem !== undefined)('a volume with a file system', () => {
  test('ends at its size, says how full it is, and leaves no device', async () => {
    const { client } = await start('ext4');
    const volumeId = await make(client, 'v', { capacityRange: size(8n * MIB) });
    const used = use(volumeId);
    const path = await used.begin(client);
    await used.begin(client);
    const before = await client.stats({ volumeId, volumePath: path });
    const [bytes] = before.response.usage;
    expect([bytes?.total, (bytes?.total ?? 0n) > 6n * MIB && (bytes?.total ?? 0n) < 8n * MIB]).toEqual([statfsTotal(path), true]);
    writeFileSync(join(path, 'some'), Buffer.alloc(Number(2n * MIB), 1));
    const after = await client.stats({ volumeId, volumePath: path });
    expect((after.response.usage[0]?.used ?? 0n) - (bytes?.used ?? 0n)).toBeGreaterThanOrEqual(2n * MIB);
    expect(() => writeFileSync(join(path, 'more'), Buffer.alloc(Number(8n * MIB), 1))).toThrow('ENOSPC');
    await used.end(client);
    expect(loops()).toEqual([]);
  });

  test('that was staged and never published leaves no device either', async () => {
    const { client } = await start('ext4');
    const volumeId = await make(client, 'v', { capacityRange: size(8n * MIB) });
    const stagingTargetPath = join(stage.dir, 'staging');
    mkdirSync(stagingTargetPath);
    expect((await client.stage({ volumeId, stagingTargetPath, volumeCapability: capability() })).code).toBe('OK');
    expect([readdirSync(stagingTargetPath), loops().length]).toEqual([['lost+found'], 1]);
    expect((await client.unstage({ volumeId, stagingTargetPath })).code).toBe('OK');
    expect([readdirSync(stagingTargetPath), loops()]).toEqual([[], []]);
  });

  test('keeps its data in snapshot, restore to a larger size, and clone', async () => {
    const { client } = await start('ext4');
    const source = await make(client, 'v', { capacityRange: size(8n * MIB) });
    const used = use(source);
    const path = await used.begin(client);
    writeFileSync(join(path, 'file'), 'then');
    const { response, code, message } = await client.createSnapshot({ name: 's', sourceVolumeId: source });
    expect([code, message]).toEqual(['OK', '']);
    writeFileSync(join(path, 'file'), 'now!');
    const cloned = use(await make(client, 'c', { volumeContentSource: fromVolume(source), capacityRange: size(8n * MIB) }));
    const volumeContentSource = fromSnapshot(response.snapshot?.snapshotId ?? '');
    const restored = use(await make(client, 'r', { volumeContentSource, capacityRange: size(16n * MIB) }));
    expect(readFileSync(join(await restored.begin(client), 'file'), 'utf8')).toBe('then');
    expect(readFileSync(join(await cloned.begin(client), 'file'), 'utf8')).toBe('now!');
    expect(statfsTotal(restored.targetPath)).toBeGreaterThan(12n * MIB);
    for (const each of [used, restored, cloned]) await each.end(client);
    expect(loops()).toEqual([]);
  });

  test('grows where its driver says it can: while it is mounted with the right to, else before its next mount', async () => {
    const { client } = await start('ext4');
    const volumeId = await make(client, 'v', { capacityRange: size(8n * MIB) });
    const used = use(volumeId);
    const path = await used.begin(client);
    const expand = async () => (await client.expandVolume({ volumeId, capacityRange: size(32n * MIB) })).code;
    const told = await client.getPluginCapabilities();
    const online = told.response.capabilities.some(({ type }) => type?.$case === 'volumeExpansion' && type.value.type === 1);
    expect(online).toBe(canGrowMounted);
    if (!online) {
      expect(await expand()).toBe('FAILED_PRECONDITION');
      await used.end(client);
    }
    expect(await expand()).toBe('OK');
    if (!online) await used.begin(client);
    const onNode = await client.nodeExpand({ volumeId, volumePath: path, capacityRange: size(32n * MIB) });
    expect([onNode.code, onNode.message]).toEqual(['OK', '']);
    expect(statfsTotal(path)).toBeGreaterThan(24n * MIB);
    await used.end(client);
  });

  test('belongs to the group that is named, with all that is in it', async () => {
    const { client } = await start('ext4');
    const volumeId = await make(client, 'v', { capacityRange: size(8n * MIB) });
    const path = await use(volumeId).begin(client);
    mkdirSync(join(path, 'sub'), { mode: 0o700 });
    writeFileSync(join(path, 'sub', 'file'), '', { mode: 0o600 });
    await use(volumeId).end(client);
    const mount: VolumeCapability['accessType'] = { $case: 'mount', value: { fsType: '', mountFlags: [], volumeMountGroup: '4242' } };
    const grouped = use(volumeId, { volumeCapability: { ...capability(), accessType: mount } });
    await grouped.begin(client);
    const seen = ['.', 'sub', 'sub/file'].map((name) => statSync(join(path, name)));
    expect(seen.map(({ gid, mode }) => [gid, mode & 0o7070])).toEqual([
      [4242, 0o2070],
      [4242, 0o2070],
      [4242, 0o060],
    ]);
    await grouped.end(client);
  });

  test('that is read-only refuses writers, and the file system stays writable for others', async () => {
    const { client } = await start('ext4');
    const mode = Mode.MULTI_NODE_MULTI_WRITER;
    const volumeCapability = capability({ mode });
    const volumeId = await make(client, 'v', { mode, capacityRange: size(8n * MIB) });
    const [writer, reader] = [use(volumeId, { volumeCapability }), use(volumeId, { volumeCapability, at: '2' })];
    await writer.begin(client);
    await reader.begin(client, true);
    expect(() => writeFileSync(join(reader.targetPath, 'file'), '')).toThrow('EROFS');
    writeFileSync(join(writer.targetPath, 'file'), 'seen');
    expect(readdirSync(reader.targetPath)).toContain('file');
    await reader.unpublish(client);
    await writer.end(client);
    expect(loops()).toEqual([]);
  });

  test('is not promised where there are no loop devices', async () => {
    const { code, stderr } = await stage.run({
      name: 'driver',
      file: process.execPath,
      args: driverArgs(stage, { args: ['--volume-format=ext4'] }),
    });
    expect(code).toBe(1);
    expect(stderr).toContain('--volume-format=ext4 needs loop devices: volumes are published as symbolic links');
  });
});

function statfsTotal(path: string): bigint {
  const { blocks, bsize } = statfsSync(path, { bigint: true });
  return blocks * bsize;
}
