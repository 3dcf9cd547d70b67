/**
 * The main job on a real node, as a user has it: `kubectl apply` of deploy/ and of the examples, every program in its Pod,
 * bytes written and read by containers. Runs alone in private namespaces (harness/node/enter.ts), with a folder as its
 * one argument; its last line on standard output is one JSON object.
 */
import { join } from 'node:path';
import { repositoryRoot } from '../harness/repository.ts';
import { kubectlOf, ledgerInPod, troubles } from '../harness/node/ask.ts';
import { type RunningNode, startNode } from '../harness/node/node.ts';
import { exampleFile } from './manifests.ts';
import { errorText } from '../lib/errors/error-text.ts';

export interface NodeJobResult {
  readonly ok: boolean;
  readonly error?: string;
  readonly written?: string;
  readonly restored?: string;
  /** What `csi-sidecars doctor` found while all was in use; empty where it found nothing. */
  readonly diagnosed?: string;
  /** What the driver holds in the end, by its own account. */
  readonly left?: { readonly volumes: number; readonly snapshots: number };
  readonly seconds: Readonly<Record<string, number>>;
}

const WAIT = '--timeout=120s';
const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function play(node: RunningNode, seconds: Record<string, number>): Promise<Omit<NodeJobResult, 'ok' | 'seconds'>> {
  const kubectl = (...args: string[]): Promise<string> => kubectlOf(node.plane, args);
  const step = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    const result = await work();
    seconds[name] = Number(((performance.now() - began) / 1000).toFixed(1));
    say(`${name}: ${seconds[name]} s`);
    return result;
  };
  const deploy = (folder: string): string => join(repositoryRoot(), 'deploy', folder);
  const apply = (number: string): Promise<string> => kubectl('apply', '-f', exampleFile(number));

  await step('deploy', async () => {
    await kubectl('apply', '-k', deploy('.'));
    await kubectl('apply', '-k', deploy('mock-driver-node'));
    await kubectl('wait', '--for=condition=Established', 'crd', '--all', WAIT);
    await kubectl('-n', 'mock-driver', 'rollout', 'status', 'daemonset/mock-driver', WAIT);
    await kubectl('-n', 'kube-system', 'wait', 'pod', '-l', 'app.kubernetes.io/name=snapshot-controller', '--for=condition=Ready', WAIT);
  });
  await step('write', async () => {
    await apply('10');
    await apply('20');
    await kubectl('wait', 'pvc/data', '--for=jsonpath={.status.phase}=Bound', WAIT);
    await apply('30');
    await kubectl('wait', 'pod/writer', '--for=condition=Ready', WAIT);
  });
  const written = await kubectl('exec', 'writer', '--', 'cat', '/data/written');
  await step('snapshot', async () => {
    await apply('40');
    await kubectl('wait', 'volumesnapshot/data-snapshot', '--for=jsonpath={.status.readyToUse}=true', WAIT);
  });
  await kubectl('exec', 'writer', '--', 'sh', '-c', 'echo later > /data/written');
  await step('restore', async () => {
    await apply('50');
    await kubectl('wait', 'pvc/data-restored', '--for=jsonpath={.status.phase}=Bound', WAIT);
    await apply('60');
    await kubectl('wait', 'pod/reader', '--for=condition=Ready', WAIT);
  });
  const restored = await kubectl('exec', 'reader', '--', 'cat', '/data/written');
  const diagnosed = await step('doctor', () => diagnose(node));
  await step('delete', async () => {
    await kubectl('delete', 'pod/reader', 'pod/writer', 'pvc/data-restored', 'volumesnapshot/data-snapshot', 'pvc/data', WAIT);
    await kubectl('wait', '--for=delete', 'pv', '--all', WAIT);
    await kubectl('wait', '--for=delete', 'volumesnapshotcontent', '--all', WAIT);
  });
  const { volumes, snapshots } = await ledgerInPod(node.plane);
  return { written, restored, diagnosed, left: { volumes: volumes.length, snapshots: snapshots.length } };
}

/** Empty: it found nothing and could look at everything. */
async function diagnose({ plane }: RunningNode): Promise<string> {
  const { code, stdout, stderr } = await plane.stage.run({
    name: 'doctor',
    file: process.execPath,
    args: [join(repositoryRoot(), 'dist/csi-sidecars.mjs'), 'doctor', `--kubeconfig=${plane.kubeconfig}`, '--output=json'],
  });
  if (stdout === '') return `doctor ended with ${code}: ${stderr.trim()}`;
  const { ok, findings, unchecked } = JSON.parse(stdout) as { ok: boolean; findings: readonly object[]; unchecked: readonly object[] };
  return ok && unchecked.length === 0 ? '' : JSON.stringify({ findings, unchecked });
}

async function main(): Promise<NodeJobResult> {
  const seconds: Record<string, number> = {};
  const began = performance.now();
  let node: RunningNode | undefined;
  try {
    node = await startNode({ home: process.argv[2] ?? '', report: say });
    seconds['node'] = Number(((performance.now() - began) / 1000).toFixed(1));
    const found = await play(node, seconds);
    const faults = [
      ...(found.restored === found.written ? [] : [`the reader read ${found.restored}, the writer wrote ${found.written}`]),
      ...(found.diagnosed === '' ? [] : [`doctor: ${found.diagnosed}`]),
      ...(found.left?.volumes === 0 && found.left.snapshots === 0 ? [] : ['the driver is not empty']),
    ];
    return { ok: faults.length === 0, ...(faults.length === 0 ? {} : { error: faults.join('; ') }), ...found, seconds };
  } catch (error) {
    if (node !== undefined) say(await troubles(node.plane));
    return { ok: false, error: errorText(error), seconds };
  } finally {
    await node?.plane.stop();
  }
}

const result = await main();
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(result.ok ? 0 : 1);
