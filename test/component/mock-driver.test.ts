/** The mock driver as a process: its sockets, its command line, its state directory, good and bad. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { capability, type Client, fromSnapshot } from '../../mock-driver/workbench.ts';
import { builtProgram } from '../../harness/mock-driver.ts';
import { openStage, type RunResult, type Stage } from '../../harness/stage.ts';
import { driverArgs, type DriverProcess, startDriverProcess } from './mock-driver-process.ts';

let stage: Stage;
beforeEach(() => {
  stage = openStage('mock-driver');
});
afterEach(() => stage.close());

const run = (args: readonly string[]): Promise<RunResult> => stage.run({ name: 'mock-driver', file: process.execPath, args });

async function volume(client: Client, name: string, fields: object = {}): Promise<string> {
  const { code, message, response } = await client.createVolume({ name, volumeCapabilities: [capability()], ...fields });
  expect([code, message]).toEqual(['OK', '']);
  return response.volume?.volumeId ?? '';
}

/** One HTTP exchange on the control socket. */
function control(
  { control: socketPath }: DriverProcess,
  method: string,
  path: string,
  body = '',
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method, path }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }));
    });
    call.on('error', reject);
    call.end(body);
  });
}

/** Every file of a state directory and what is in it; the lock is nobody's state. */
function treeDigest(root: string): string {
  const hash = createHash('sha256');
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = join(entry.parentPath, entry.name);
    if (entry.parentPath.endsWith('/locks')) continue;
    hash.update(file);
    if (entry.isFile()) hash.update(readFileSync(file));
  }
  return hash.digest('hex');
}

describe('the sockets', () => {
  test('as soon as the socket exists it serves, and SIGTERM ends with 0 and takes it away', async () => {
    const { client, program, socket } = await startDriverProcess(stage);
    expect((await client.probe()).response.ready).toBe(true);
    expect(await program.stop()).toEqual({ code: 0, signal: null });
    expect(existsSync(socket)).toBe(false);
  });

  test('a call in work is answered before SIGTERM ends the process', async () => {
    const { client, program } = await startDriverProcess(stage, {
      args: ['--scenario', scenario('faults: [{rpc: CreateVolume, answerDelay: 300ms}]')],
    });
    const call = client.createVolume({ name: 'v', volumeCapabilities: [capability()] });
    await client.listVolumes();
    program.signal('SIGTERM');
    expect((await call).code).toBe('OK');
    expect(await program.ended).toEqual({ code: 0, signal: null });
  });

  test('a socket left by a killed driver is replaced, and the state is still there', async () => {
    const first = await startDriverProcess(stage);
    const volumeId = await volume(first.client, 'v');
    await first.program.kill();
    expect(existsSync(first.socket)).toBe(true);
    const second = await startDriverProcess(stage);
    expect(await volume(second.client, 'v')).toBe(volumeId);
  });

  test('a socket that answers belongs to another driver, and a file is not a socket', async () => {
    const { socket } = await startDriverProcess(stage);
    const again = await run(driverArgs(stage));
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining(`${socket} already; stop it or choose another endpoint`)]);
    writeFileSync(join(stage.dir, 'node-f.sock'), 'mine');
    const other = await run(driverArgs(stage, { nodeId: 'node-f' }));
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('is not a socket; remove it or choose another endpoint')]);
    expect(readFileSync(join(stage.dir, 'node-f.sock'), 'utf8')).toBe('mine');
  });

  test('faults, ledger and journal are at the control socket', async () => {
    const driver = await startDriverProcess(stage);
    const wrong = await control(driver, 'POST', '/faults', '{"faults":[{"rpc":"CreateVolume","cod":"INTERNAL"}]}');
    expect(wrong).toEqual({ status: 400, body: expect.stringContaining('faults[0].cod is unknown; did you mean code?') });
    expect((await control(driver, 'POST', '/faults', '{"faults":[{"rpc":"CreateVolume","code":"INTERNAL"}]}')).status).toBe(200);
    expect((await driver.client.createVolume({ name: 'v', volumeCapabilities: [capability()] })).code).toBe('INTERNAL');
    expect(JSON.parse((await control(driver, 'GET', '/faults')).body)).toEqual({
      faults: [{ rule: { rpc: 'CreateVolume', code: 'INTERNAL' }, matched: 1 }],
    });
    await control(driver, 'DELETE', '/faults');
    const id = await volume(driver.client, 'v');
    expect(JSON.parse((await control(driver, 'GET', '/ledger')).body)).toMatchObject({
      volumes: [{ id, name: 'v', bytes: '1073741824' }],
      snapshots: [],
    });
    const journal = (await control(driver, 'GET', '/journal')).body
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(journal).toMatchObject([
      { code: 'INTERNAL', effect: [] },
      { code: 'OK', effect: [`create-volume ${id}`] },
    ]);
    expect((await control(driver, 'PUT', '/faults')).status).toBe(404);
  });
});

const scenario = (text: string): string => {
  const file = join(stage.dir, 'scenario.yaml');
  writeFileSync(file, text);
  return file;
};

describe('the command line', () => {
  test('names everything that is wrong with it at once', async () => {
    const { code, stderr } = await run([
      builtProgram('mock-driver'),
      '--node-ids=x',
      '--publish=often',
      '--disable=LIST_VOLUME',
      '--pool=1Zi',
      '--topology=zone',
    ]);
    expect(code).toBe(2);
    const lines = stderr.trim().split('\n');
    expect(lines).toEqual([
      'mock-driver: --node-ids=x: unknown; --help lists the flags',
      'mock-driver: --topology=zone: write key=value,key=value',
      expect.stringMatching(/--disable: LIST_VOLUME unknown; known are .*LIST_VOLUMES/),
      'mock-driver: --publish=often: choose auto, bind or symlink',
      'mock-driver: --endpoint is missing',
      'mock-driver: --state-dir is missing',
      'mock-driver: --node-id is missing',
      'mock-driver: --pool must be a size such as 1048576, 512Ki or 10Gi',
    ]);
  });

  test('explains itself', async () => {
    const { code, stdout } = await run([builtProgram('mock-driver'), '--help']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/--endpoint=unix:\/\/\/P .*Required[\s\S]*VOLUME_ACCESSIBILITY_CONSTRAINTS/)]);
  });

  test('a scenario with a typo is refused by its place, before anything is served', async () => {
    const { code, stderr } = await run(
      driverArgs(stage, { args: ['--scenario', scenario('faults:\n  - rpc: CreateVolume\n    dely: 5s\n')] }),
    );
    expect([code, stderr]).toEqual([1, expect.stringContaining('scenario.yaml: faults[0].dely is unknown; did you mean delay?')]);
    const broken = await run(driverArgs(stage, { args: ['--scenario', scenario('faults:\n  - rpc: "CreateVolume\n')] }));
    expect([broken.code, broken.stderr]).toEqual([1, expect.stringMatching(/scenario\.yaml, line \d+, column \d+: /)]);
    expect(existsSync(join(stage.dir, 'node-a.sock'))).toBe(false);
  });

  test('ledger prints what exists now, for people and for programs', async () => {
    const { client, stateDir, program } = await startDriverProcess(stage);
    const sourceVolumeId = await volume(client, 'v');
    const { response } = await client.createSnapshot({ name: 's', sourceVolumeId });
    const snapshotId = response.snapshot?.snapshotId ?? '';
    const ledger = (...more: string[]) => run([builtProgram('mock-driver'), 'ledger', `--state-dir=${stateDir}`, ...more]);
    for (const living of [true, false]) {
      if (!living) await program.stop();
      const text = (await ledger()).stdout;
      expect(text).toBe(
        `volume    ${sourceVolumeId}  1073741824 bytes  v\nsnapshot  ${snapshotId}  of ${sourceVolumeId}  s\n1 volumes, 1 snapshots, 0 group snapshots\n`,
      );
      expect(JSON.parse((await ledger('--json')).stdout)).toMatchObject({
        volumes: [{ id: sourceVolumeId, name: 'v', bytes: '1073741824' }],
        snapshots: [{ id: snapshotId, name: 's', sourceVolumeId, ready: true }],
        groups: [],
      });
    }
  });

  test('ledger prints all of it, however large', async () => {
    const { client, stateDir } = await startDriverProcess(stage);
    const parameters = { note: 'x'.repeat(4000) };
    const names = Array.from({ length: 100 }, (_, index) => `v-${index}`);
    for (const name of names) await client.createVolume({ name, volumeCapabilities: [capability()], parameters });
    const { stdout } = await run([builtProgram('mock-driver'), 'ledger', `--state-dir=${stateDir}`, '--json']);
    expect((JSON.parse(stdout) as { volumes: unknown[] }).volumes).toHaveLength(names.length);
  });
});

describe('a state directory', () => {
  /** The driver must refuse it in a line that says why, and leave every byte as it was. */
  async function refused(because: RegExp): Promise<void> {
    const state = join(stage.dir, 'state');
    const before = treeDigest(state);
    const { code, stderr } = await run(driverArgs(stage));
    expect([code, stderr]).toEqual([1, expect.stringMatching(because)]);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(treeDigest(state)).toBe(before);
  }

  test('of a newer version is refused and left alone', async () => {
    mkdirSync(join(stage.dir, 'state'));
    writeFileSync(join(stage.dir, 'state', 'format'), '{"format": 2}\n');
    await refused(/was written by a newer version \(format 2, this one knows 1\); use that version or another directory/);
  });

  test('that is somebody else’s is refused and left alone', async () => {
    mkdirSync(join(stage.dir, 'state'));
    writeFileSync(join(stage.dir, 'state', 'thesis.tex'), 'years of work');
    await refused(/is not empty and has no file 'format'/);
  });

  test.each([
    ['no JSON', '{"id": "vol-', /volume\.json is damaged \(.*\); restore it from a backup/],
    ['empty', '', /volume\.json is damaged/],
    ['another shape', '{"id": 7}', /volume\.json is damaged \(the record\.id is not text\)/],
  ])('with a state file that is %s is refused, the file named, nothing overwritten', async (_, content, because) => {
    const { client, program, stateDir } = await startDriverProcess(stage);
    const volumeId = await volume(client, 'v');
    await program.kill();
    rmSync(join(stage.dir, 'node-a.sock'));
    writeFileSync(join(stateDir, 'volumes', volumeId, 'volume.json'), content);
    await refused(because);
  });

  test('with a volume that lost its record is refused', async () => {
    const { client, program, stateDir } = await startDriverProcess(stage);
    const volumeId = await volume(client, 'v');
    await program.kill();
    rmSync(join(stage.dir, 'node-a.sock'));
    rmSync(join(stateDir, 'volumes', volumeId, 'volume.json'));
    await refused(/has no record; move it away to give up what it held/);
  });

  test('on a full disk: RESOURCE_EXHAUSTED, the old state stands, and work goes on when there is room', async () => {
    const { client, stateDir } = await startDriverProcess(stage);
    const volumeId = await volume(client, 'v');
    // Where the next record is drafted there is no room: the kernel says ENOSPC, as on a full disk.
    const draft = join(stateDir, 'tmp', 'record');
    symlinkSync('/dev/full', draft);
    const full = await client.modifyVolume({ volumeId, mutableParameters: { iops: '500' } });
    expect([full.code, full.message]).toEqual(['RESOURCE_EXHAUSTED', 'the disk of the state directory is full']);
    expect((await client.getVolume({ volumeId })).code).toBe('OK');
    rmSync(draft, { force: true });
    expect((await client.modifyVolume({ volumeId, mutableParameters: { iops: '500' } })).code).toBe('OK');
  });

  test('names and ids never become paths', async () => {
    const { client, stateDir } = await startDriverProcess(stage);
    const outside = readdirSync(stage.dir).sort();
    for (const name of ['../../escape', '/etc/passwd', '.', '..', '\u{1F4BE}'.repeat(32)]) await volume(client, name);
    for (const id of ['../format', '..', '/', 'vol-../../x', 'a\0b', '\u{1F4BE}'.repeat(1024), `vol-${'0'.repeat(4096)}`]) {
      expect((await client.deleteVolume({ volumeId: id })).code).toBe('OK');
      expect((await client.deleteSnapshot({ snapshotId: id })).code).toBe('OK');
      expect((await client.getVolume({ volumeId: id })).code).toBe('NOT_FOUND');
      expect((await client.createSnapshot({ name: 's', sourceVolumeId: id })).code).toBe('NOT_FOUND');
      expect((await client.stage({ volumeId: id, stagingTargetPath: '/tmp', volumeCapability: capability() })).code).toBe('NOT_FOUND');
    }
    expect(readdirSync(stage.dir).sort()).toEqual(outside);
    expect(readdirSync(join(stateDir, 'volumes')).every((name) => /^vol-[0-9a-f-]{36}$/.test(name))).toBe(true);
  });
});

/** The first four bytes: such files are too large to be read whole. */
function head(file: string): string {
  const descriptor = openSync(file, 'r');
  const bytes = Buffer.alloc(4);
  readSync(descriptor, bytes, 0, 4, 0);
  closeSync(descriptor);
  return bytes.toString();
}

describe('data', () => {
  async function published(client: Client, volumeId: string, block = false): Promise<string> {
    const staging = join(stage.dir, `staging-${volumeId}`);
    const target = join(stage.dir, `target-${volumeId}`);
    mkdirSync(staging);
    const volumeCapability = capability({ block });
    expect((await client.stage({ volumeId, stagingTargetPath: staging, volumeCapability })).code).toBe('OK');
    const { code, message } = await client.publish({ volumeId, stagingTargetPath: staging, targetPath: target, volumeCapability });
    expect([code, message]).toEqual(['OK', '']);
    return target;
  }

  test.each(['auto', 'symlink'])('written at a path published %s come back from a snapshot as they were', async (mode) => {
    const { client } = await startDriverProcess(stage, { args: [`--publish=${mode}`] });
    const sourceVolumeId = await volume(client, 'v');
    const target = await published(client, sourceVolumeId);
    mkdirSync(join(target, 'sub'), { mode: 0o750 });
    writeFileSync(join(target, 'sub', 'file'), 'at snapshot', { mode: 0o640 });
    symlinkSync('sub/file', join(target, 'link'));
    const odd = Buffer.concat([Buffer.from(`${target}/`), Buffer.of(0xff, 0xfe, 0x41)]);
    writeFileSync(odd, 'a name that is no UTF-8');
    truncateSync(odd, 8 << 20);
    const { response } = await client.createSnapshot({ name: 's', sourceVolumeId });
    writeFileSync(join(target, 'sub', 'file'), 'overwritten since');
    rmSync(odd);
    const restored = await published(
      client,
      await volume(client, 'r', { volumeContentSource: fromSnapshot(response.snapshot?.snapshotId ?? '') }),
    );
    expect(readFileSync(join(restored, 'link'), 'utf8')).toBe('at snapshot');
    expect(statSync(join(restored, 'sub', 'file')).mode & 0o777).toBe(0o640);
    const oddly = Buffer.concat([Buffer.from(`${restored}/`), odd.subarray(target.length + 1)]);
    expect(readFileSync(oddly).subarray(0, 23).toString()).toBe('a name that is no UTF-8');
    expect([statSync(oddly).size, statSync(oddly).blocks < 4096]).toEqual([8 << 20, true]);
    for (const [volumeId, path] of [[sourceVolumeId, target]] as const) {
      expect((await client.unpublish({ volumeId, targetPath: path })).code).toBe('OK');
      expect(existsSync(path)).toBe(false);
      expect((await client.unstage({ volumeId, stagingTargetPath: join(stage.dir, `staging-${volumeId}`) })).code).toBe('OK');
      expect((await client.deleteVolume({ volumeId })).code).toBe('OK');
    }
    await client.unpublish({ volumeId: restored.slice(restored.indexOf('vol-')), targetPath: restored });
    await client.unstage({
      volumeId: restored.slice(restored.indexOf('vol-')),
      stagingTargetPath: restored.replace('target-', 'staging-'),
    });
  });

  test('of a block volume are a sparse file that keeps its holes when it is copied and grown', async () => {
    const { client } = await startDriverProcess(stage);
    const GIB = 1n << 30n;
    const block = { volumeCapabilities: [capability({ block: true })] };
    const sourceVolumeId = await volume(client, 'v', { ...block, capacityRange: { requiredBytes: 4n * GIB, limitBytes: 0n } });
    const target = await published(client, sourceVolumeId, true);
    expect(statSync(target).size).toBe(Number(4n * GIB));
    writeFileSync(target, 'boot', { flag: 'r+' });
    const { response } = await client.createSnapshot({ name: 's', sourceVolumeId });
    writeFileSync(target, 'BOOT', { flag: 'r+' });
    const volumeContentSource = fromSnapshot(response.snapshot?.snapshotId ?? '');
    const restored = await published(
      client,
      await volume(client, 'r', { ...block, volumeContentSource, capacityRange: { requiredBytes: 5n * GIB, limitBytes: 0n } }),
      true,
    );
    const { size, blocks } = statSync(restored);
    expect([size, blocks < 4096]).toEqual([Number(5n * GIB), true]);
    expect(head(restored)).toBe('boot');
    expect((await client.expandVolume({ volumeId: sourceVolumeId, capacityRange: { requiredBytes: 6n * GIB, limitBytes: 0n } })).code).toBe(
      'OK',
    );
    expect(statSync(target).size).toBe(Number(6n * GIB));
  });
});
