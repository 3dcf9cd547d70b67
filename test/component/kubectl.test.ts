/** A stock kubectl against the sandbox with our programs: what a person does with the examples, as the README beside them says. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exampleFile } from '../../demo/manifests.ts';
import type { World } from '../../demo/world.ts';
import { openSandboxWorld, programFile, startDriver, startSidecars } from '../../demo/world.ts';
import { repositoryRoot } from '../../harness/repository.ts';
import type { RunResult } from '../../harness/stage.ts';
import { eventually } from '../../harness/wait.ts';

const found = spawnSync('kubectl', ['version', '--client=true']).status === 0;
// Where the whole proof is asked for, nothing of it may be left out in silence.
if (!found && process.env['CI'] === 'true') throw new Error('there is no kubectl on the PATH, and CI=true asks for every test');
if (!found) console.log('kubectl tests are skipped: there is no kubectl on the PATH');

let world: World | undefined;
beforeAll(async () => {
  if (!found) return;
  world = await openSandboxWorld('kubectl');
  const crds = await run(['apply', '-f', join(repositoryRoot(), 'deploy', 'crds')]);
  if (crds.code !== 0) throw new Error(crds.stderr);
  await startDriver(world);
  startSidecars(world, { oneProcess: false });
});
afterAll(() => world?.close());

function run(args: readonly string[]): Promise<RunResult> {
  if (world === undefined) throw new Error('there is no world without kubectl');
  return world.stage.run({
    name: 'kubectl',
    file: 'kubectl',
    args: ['--kubeconfig', world.kubeconfig, ...args],
    env: { HOME: world.stage.dir },
  });
}
/** Runs kubectl, expects success, answers its output. */
async function kubectl(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args);
  expect(code, `kubectl ${args.join(' ')}: ${stderr}`).toBe(0);
  return stdout;
}
function needKubectl(context: TestContext): void {
  context.skip(!found, 'no kubectl on the PATH');
}
/** Column names and the cells of the first row, split where kubectl pads. */
function table(text: string): { readonly columns: string[]; readonly row: string[] } {
  const [head = '', first = ''] = text.split('\n');
  return { columns: head.trim().split(/ {2,}/), row: first.trim().split(/ {2,}/) };
}

test('apply of the CRDs makes the kinds known with their short names', async (context) => {
  needKubectl(context);
  const kinds = await kubectl('api-resources', '--api-group=snapshot.storage.k8s.io');
  expect(kinds).toMatch(/volumesnapshots\s+vs\s+snapshot\.storage\.k8s\.io\/v1\s+true\s+VolumeSnapshot/);
  expect(kinds).toMatch(/volumesnapshotcontents\s+vsc,vscs\s+snapshot\.storage\.k8s\.io\/v1\s+false\s+VolumeSnapshotContent/);
});

test('apply and wait, in the order of the README, end in a restored claim', async (context) => {
  needKubectl(context);
  const wait = (object: string, condition: string): Promise<string> => kubectl('wait', object, `--for=${condition}`, '--timeout=60s');
  await kubectl('apply', '-f', exampleFile('10'), '-f', exampleFile('20'));
  await wait('pvc/data', 'jsonpath={.status.phase}=Bound');
  await kubectl('apply', '-f', exampleFile('30'));
  await wait('pod/writer', 'condition=Ready');
  expect(await kubectl('apply', '-f', exampleFile('40'))).toBe('volumesnapshot.snapshot.storage.k8s.io/data-snapshot created\n');
  await wait('volumesnapshot/data-snapshot', 'jsonpath={.status.readyToUse}=true');
  await kubectl('apply', '-f', exampleFile('50'));
  await wait('pvc/data-restored', 'jsonpath={.status.phase}=Bound');
  await kubectl('apply', '-f', exampleFile('60'));
  await wait('pod/reader', 'condition=Ready');
});

test('apply of the same files again changes nothing', async (context) => {
  needKubectl(context);
  for (const number of ['10', '20', '30', '40', '50', '60']) {
    const { code, stdout, stderr } = await run(['apply', '-f', exampleFile(number)]);
    expect(code, stderr).toBe(0);
    expect(
      stdout
        .trim()
        .split('\n')
        .every((line) => line.endsWith(' unchanged')),
      stdout,
    ).toBe(true);
  }
});

test('get prints the columns that people know, filled', async (context) => {
  needKubectl(context);
  const snapshot = table(await kubectl('get', 'volumesnapshot'));
  expect(snapshot.columns).toEqual([
    'NAME',
    'READYTOUSE',
    'SOURCEPVC',
    'SOURCESNAPSHOTCONTENT',
    'RESTORESIZE',
    'SNAPSHOTCLASS',
    'SNAPSHOTCONTENT',
    'CREATIONTIME',
    'AGE',
  ]);
  // The empty column leaves no cell behind when the line is split.
  expect(snapshot.row.slice(0, 5)).toEqual(['data-snapshot', 'true', 'data', '1Gi', 'csi-mock']);
  expect(snapshot.row[5]).toMatch(/^snapcontent-/);
  expect(
    snapshot.row.slice(6).every((cell) => /^\d+[smh]/.test(cell)),
    snapshot.row.join(' | '),
  ).toBe(true);

  const content = table(await kubectl('get', 'vsc'));
  expect(content.columns).toEqual([
    'NAME',
    'READYTOUSE',
    'RESTORESIZE',
    'DELETIONPOLICY',
    'DRIVER',
    'VOLUMESNAPSHOTCLASS',
    'VOLUMESNAPSHOT',
    'VOLUMESNAPSHOTNAMESPACE',
    'AGE',
  ]);
  expect(content.row.slice(1, 8)).toEqual(['true', '1073741824', 'Delete', 'mock.csi.example', 'csi-mock', 'data-snapshot', 'default']);

  const claim = table(await kubectl('get', 'pvc', 'data'));
  expect(claim.columns).toEqual(['NAME', 'STATUS', 'VOLUME', 'CAPACITY', 'ACCESS MODES', 'STORAGECLASS', 'VOLUMEATTRIBUTESCLASS', 'AGE']);
  expect(claim.row.slice(0, 2)).toEqual(['data', 'Bound']);
  expect(claim.row.slice(3, 6)).toEqual(['1Gi', 'RWO', 'csi-mock']);

  const volume = table(await kubectl('get', 'pv'));
  expect(volume.columns.slice(0, 7)).toEqual(['NAME', 'CAPACITY', 'ACCESS MODES', 'RECLAIM POLICY', 'STATUS', 'CLAIM', 'STORAGECLASS']);
  expect(volume.row.slice(1, 5)).toEqual(['1Gi', 'RWO', 'Delete', 'Bound']);

  const several = await kubectl('get', 'volumesnapshot,volumesnapshotcontent,pvc,pv');
  for (const name of ['volumesnapshot.snapshot.storage.k8s.io/data-snapshot', 'persistentvolumeclaim/data-restored'])
    expect(several).toContain(name);
  expect(await kubectl('get', 'pvc', 'data', '-o', 'jsonpath={.spec.resources.requests.storage}')).toBe('1Gi');
});

test('describe shows the object and its events', async (context) => {
  needKubectl(context);
  const text = await kubectl('describe', 'volumesnapshot', 'data-snapshot');
  expect(text).toMatch(/Ready To Use:\s+true/);
  expect(text).toMatch(/Persistent Volume Claim Name:\s+data/);
  for (const reason of ['CreatingSnapshot', 'SnapshotCreated', 'SnapshotReady']) expect(text).toMatch(new RegExp(`Normal\\s+${reason}\\s`));
  expect(await kubectl('describe', 'pvc', 'data-restored')).toMatch(/Normal\s+ProvisioningSucceeded\s/);
});

test('a refused object is refused with the rule that it breaks', async (context) => {
  needKubectl(context);
  const { code, stderr } = await run([
    'patch',
    'volumesnapshot',
    'data-snapshot',
    '--type=merge',
    '-p',
    '{"spec":{"source":{"persistentVolumeClaimName":"other"}}}',
  ]);
  expect(code).toBe(1);
  expect(stderr).toContain('persistentVolumeClaimName is immutable');
});

test('delete, in the order of the README, leaves nothing', async (context) => {
  needKubectl(context);
  await kubectl('delete', 'pod/reader', 'pod/writer', 'pvc/data-restored', 'volumesnapshot/data-snapshot', 'pvc/data', '--timeout=60s');
  await kubectl('wait', '--for=delete', 'pv', '--all', '--timeout=60s');
  await kubectl('delete', '-f', exampleFile('10'));
  expect((await run(['get', 'volumesnapshot,volumesnapshotcontent,pvc,pv'])).stderr).toContain('No resources found');
});

test('what `demo --keep` made is applied, shown and deleted by a stock kubectl', async (context) => {
  needKubectl(context);
  if (world === undefined) return;
  const { stage } = world;
  const demo = stage.start({ name: 'demo', file: process.execPath, args: [programFile('demo'), '--keep'], mayEnd: true });
  const kubeconfig = await eventually('the export line', () => /^export KUBECONFIG=(.+)$/m.exec(demo.log())?.[1], { signal: stage.broken });
  const inDemo = async (...args: string[]): Promise<string> => {
    const result = await stage.run({ name: 'kubectl', file: 'kubectl', args, env: { HOME: stage.dir, KUBECONFIG: kubeconfig } });
    expect(result.code, `kubectl ${args.join(' ')}: ${result.stderr}`).toBe(0);
    return result.stdout;
  };
  for (const number of ['10', '20', '30', '40', '50', '60'])
    expect(
      (await inDemo('apply', '-f', exampleFile(number)))
        .trim()
        .split('\n')
        .filter((line) => !line.endsWith(' unchanged')),
    ).toEqual([]);
  expect(await inDemo('get', 'volumesnapshot,volumesnapshotcontent,pvc,pv')).toContain('data-snapshot');
  await inDemo('wait', 'volumesnapshot/data-snapshot', '--for=jsonpath={.status.readyToUse}=true', '--timeout=60s');
  await inDemo('delete', 'pod/reader', 'pod/writer', 'pvc/data-restored', 'volumesnapshot/data-snapshot', 'pvc/data', '--timeout=60s');
  await inDemo('wait', '--for=delete', 'pv', '--all', '--timeout=60s');
  await demo.stop();
});
