/**
 * SIGKILL inside every call that changes something, at each step of its commit. The next process must
 * find the state before the call or the one after it, lists must be what lies in the state directory,
 * and the same call must then succeed.
 */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { type Answered, capability, type Client, fromSnapshot, fromVolume } from '../../mock-driver/workbench.ts';
import type { Stage } from '../../harness/stage.ts';
import { type DriverProcess, startDriverProcess } from './mock-driver-process.ts';

type Call = (client: Client) => Promise<Answered<unknown>>;

interface KillCase {
  readonly rpc: string;
  /** For the report, where one RPC has several cases. */
  readonly what: string;
  /** Makes what the call needs and answers the call. `key` is unlike any before. */
  prepare(client: Client, key: string): Promise<Call>;
}

const GIB = 1n << 30n;

async function volumeOf(client: Client, name: string, fields: Parameters<Client['createVolume']>[0] = {}): Promise<string> {
  const { code, message, response } = await client.createVolume({ name, volumeCapabilities: [capability()], ...fields });
  if (code !== 'OK') throw new Error(`CreateVolume ${name}: ${code} ${message}`);
  return response.volume?.volumeId ?? '';
}

async function snapshotOf(client: Client, name: string): Promise<string> {
  const { response } = await client.createSnapshot({ name, sourceVolumeId: await volumeOf(client, `source-${name}`) });
  return response.snapshot?.snapshotId ?? '';
}

async function must(answer: Promise<Answered<unknown>>): Promise<void> {
  const { code, message } = await answer;
  if (code !== 'OK') throw new Error(`${code}: ${message}`);
}

const block = { volumeCapabilities: [capability({ block: true })] };
const volumeCapability = capability();

/** One case for each mutating RPC, and more where the RPC has several ways to change something. */
function killCases(directory: string): readonly KillCase[] {
  const create = (what: string, fields: (client: Client, key: string) => Promise<Parameters<Client['createVolume']>[0]>): KillCase => ({
    rpc: 'CreateVolume',
    what,
    prepare: async (client, key) => {
      const given = await fields(client, key);
      return (next) => next.createVolume({ name: key, volumeCapabilities: [volumeCapability], ...given });
    },
  });
  const onVolume = (
    rpc: string,
    call: (client: Client, volumeId: string, paths: Paths) => Promise<Answered<unknown>>,
    before?: typeof call,
  ): KillCase => ({
    rpc,
    what: '',
    prepare: async (client, key) => {
      const volumeId = await volumeOf(client, key, rpc === 'ControllerExpandVolume' ? block : {});
      const paths = { stagingTargetPath: join(directory, `staging-${key}`), targetPath: join(directory, `target-${key}`) };
      mkdirSync(paths.stagingTargetPath);
      if (before !== undefined) await must(before(client, volumeId, paths));
      return (next) => call(next, volumeId, paths);
    },
  });
  const stage = (client: Client, volumeId: string, { stagingTargetPath }: Paths) =>
    client.stage({ volumeId, stagingTargetPath, volumeCapability });
  const publish = async (client: Client, volumeId: string, paths: Paths) => {
    await must(stage(client, volumeId, paths));
    return client.publish({ volumeId, ...paths, volumeCapability });
  };
  const attach = (client: Client, volumeId: string) => client.controllerPublish({ volumeId, nodeId: 'node-a', volumeCapability });
  return [
    create('empty', () => Promise.resolve({})),
    create('block', () => Promise.resolve(block)),
    create('from a snapshot', async (client, key) => ({ volumeContentSource: fromSnapshot(await snapshotOf(client, key)) })),
    create('from a volume', async (client, key) => ({ volumeContentSource: fromVolume(await volumeOf(client, `source-${key}`)) })),
    onVolume('DeleteVolume', (client, volumeId) => client.deleteVolume({ volumeId })),
    onVolume('ControllerPublishVolume', attach),
    onVolume('ControllerUnpublishVolume', (client, volumeId) => client.controllerUnpublish({ volumeId, nodeId: 'node-a' }), attach),
    onVolume('ControllerExpandVolume', (client, volumeId) =>
      client.expandVolume({ volumeId, capacityRange: { requiredBytes: 2n * GIB, limitBytes: 0n } }),
    ),
    onVolume('ControllerModifyVolume', (client, volumeId) => client.modifyVolume({ volumeId, mutableParameters: { iops: '500' } })),
    onVolume('CreateSnapshot', (client, volumeId) => client.createSnapshot({ name: volumeId, sourceVolumeId: volumeId })),
    {
      rpc: 'DeleteSnapshot',
      what: '',
      prepare: async (client, key) => {
        const snapshotId = await snapshotOf(client, key);
        return (next) => next.deleteSnapshot({ snapshotId });
      },
    },
    {
      rpc: 'CreateVolumeGroupSnapshot',
      what: '',
      prepare: async (client, key) => {
        const sourceVolumeIds = [await volumeOf(client, `${key}-1`), await volumeOf(client, `${key}-2`)];
        return (next) => next.createGroup({ name: key, sourceVolumeIds });
      },
    },
    {
      rpc: 'DeleteVolumeGroupSnapshot',
      what: '',
      prepare: async (client, key) => {
        const sourceVolumeIds = [await volumeOf(client, `${key}-1`), await volumeOf(client, `${key}-2`)];
        const group = (await client.createGroup({ name: key, sourceVolumeIds })).response.groupSnapshot;
        const snapshotIds = group?.snapshots.map(({ snapshotId }) => snapshotId) ?? [];
        return (next) => next.deleteGroup({ groupSnapshotId: group?.groupSnapshotId ?? '', snapshotIds });
      },
    },
    onVolume('NodeStageVolume', stage),
    onVolume('NodePublishVolume', (client, volumeId, paths) => client.publish({ volumeId, ...paths, volumeCapability }), stage),
    onVolume('NodeUnpublishVolume', (client, volumeId, { targetPath }) => client.unpublish({ volumeId, targetPath }), publish),
    onVolume('NodeUnstageVolume', (client, volumeId, { stagingTargetPath }) => client.unstage({ volumeId, stagingTargetPath }), stage),
  ];
}

interface Paths {
  readonly stagingTargetPath: string;
  readonly targetPath: string;
}

export interface KillSweep {
  readonly kills: number;
  readonly rpcs: readonly string[];
  /** Empty if everything held. */
  readonly faults: readonly string[];
}

export interface KillSweepOptions {
  /** `one`: a kill for each case, at changing steps; `all`: at every step of every case. */
  readonly steps: 'one' | 'all';
  readonly log: (line: string) => void;
}

/** Runs the sweep in `stage.dir/state`; the driver that is left at the end is still running. */
export async function killSweep(stage: Stage, { steps, log }: KillSweepOptions): Promise<KillSweep & { readonly driver: DriverProcess }> {
  const faults: string[] = [];
  let kills = 0;
  let driver = await startDriverProcess(stage);
  const cases = killCases(stage.dir);
  for (const [index, { rpc, what, prepare }] of cases.entries()) {
    let reached = 0;
    for (let step = steps === 'one' ? index % 4 : 0; ; step += 1) {
      const key = `kill-${index}-${step}`;
      const call = await prepare(driver.client, key);
      const before = await control(driver, 'GET', '/ledger');
      await control(driver, 'POST', '/faults', JSON.stringify({ faults: [{ rpc, crash: 'during', crashStep: step }] }));
      const { code } = await call(driver.client);
      // The commit has no such step: it is through, and so is this case.
      if (code === 'OK') break;
      const { signal } = await driver.program.ended;
      kills += 1;
      reached += 1;
      driver = await startDriverProcess(stage);
      const found = await control(driver, 'GET', '/ledger');
      const told = (fault: string): number => faults.push(`${rpc} ${what} killed at step ${step}: ${fault}`);
      if (signal !== 'SIGKILL') told(`the process ended by ${signal}`);
      for (const difference of await differences(driver)) told(difference);
      const again = await call(driver.client);
      if (again.code !== 'OK') told(`repeated: ${again.code} ${again.message}`);
      const after = await control(driver, 'GET', '/ledger');
      if (found !== before && found !== after) told(`found neither the state before nor the one after: ${found}`);
      if (steps === 'one') break;
    }
    await control(driver, 'DELETE', '/faults');
    if (reached === 0) faults.push(`${rpc} ${what}: the call never died`);
    log(`${rpc}${what === '' ? '' : ` (${what})`}: ${reached} kills`);
  }
  return { kills, rpcs: [...new Set(cases.map(({ rpc }) => rpc))], faults, driver };
}

/** What the lists say against what lies on the disk. */
async function differences({ client, stateDir }: DriverProcess): Promise<readonly string[]> {
  const volumes = (await client.listVolumes()).response.entries.map(({ volume }) => volume?.volumeId ?? '');
  const snapshots = (await client.listSnapshots()).response.entries.map(({ snapshot }) => snapshot?.snapshotId ?? '');
  const groups = readdirSync(join(stateDir, 'groups'));
  const members = groups.flatMap((group) => readdirSync(join(stateDir, 'groups', group)).filter((name) => name.startsWith('snap-')));
  const found: string[] = [];
  const compare = (what: string, listed: readonly string[], stored: readonly string[]): void => {
    if ([...listed].sort().join() !== [...stored].sort().join())
      found.push(`${what} lists ${listed.join()} and the state directory holds ${stored.join()}`);
  };
  compare('ListVolumes', volumes, readdirSync(join(stateDir, 'volumes')));
  compare('ListSnapshots', snapshots, [...readdirSync(join(stateDir, 'snapshots')), ...members]);
  for (const id of readdirSync(join(stateDir, 'volumes'))) {
    const names = readdirSync(join(stateDir, 'volumes', id))
      .sort()
      .join();
    if (names !== 'data,volume.json') found.push(`${id} holds ${names}`);
    JSON.parse(readFileSync(join(stateDir, 'volumes', id, 'volume.json'), 'utf8'));
  }
  const drafts = readdirSync(join(stateDir, 'tmp'));
  if (drafts.length > 0) found.push(`tmp holds ${drafts.join()}`);
  return found;
}

/** One exchange on the control socket of a driver process; answers the body. */
export function control({ control: socketPath }: DriverProcess, method: string, path: string, body = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method, path }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => (answer.statusCode === 200 ? resolve(text) : reject(new Error(text))));
    });
    call.on('error', reject);
    call.end(body);
  });
}
