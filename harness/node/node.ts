/**
 * A real node in the namespaces that this process is alone in: containerd, kubelet, kube-proxy, against a control plane
 * beside them. Everything ends with the first process of the namespaces. See enter.ts for how to get there.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ImageSpec, writeLayout } from '../../images/layout.ts';
import type { Node } from '../../lib/kube/objects.ts';
import { NODES } from '../../lib/kube/resources.ts';
import { binary } from '../real/binaries.ts';
import { type ControlPlane, startControlPlane } from '../real/control-plane.ts';
import { restartable } from '../stage.ts';
import { eventually } from '../wait.ts';
import { basicImages, PAUSE_IMAGE } from './images.ts';

export const NODE_NAME = 'node-1';
/** kubelet refuses loopback addresses, so one more is on the loopback device. */
const ADDRESS = '10.77.0.1';
const POD_NETWORK = '10.88.0.0/24';
const KUBELET_FOLDER = '/var/lib/kubelet';
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
/** The images are unpacked on two busy cores. */
const READY_MS = 120_000;

export interface RunningNode {
  readonly plane: ControlPlane;
  /** Kills one of the node's own programs and starts it again; the Pods run on. */
  restart(name: 'kubelet' | 'containerd'): Promise<void>;
}

export interface NodeOptions {
  /** A folder that outlives the namespaces; what is mounted in it can only be removed after them. */
  readonly home: string;
  /** Beside the basic ones. */
  readonly images?: readonly ImageSpec[];
  readonly report: (line: string) => void;
}

export async function startNode({ home, images = [], report }: NodeOptions): Promise<RunningNode> {
  network();
  const plane = await startControlPlane({ node: { address: ADDRESS }, scheduler: true, report });
  const { stage } = plane;
  const folder = (name: string): string => {
    const path = join(home, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  mkdirSync(KUBELET_FOLDER, { recursive: true });
  // The mount is of these namespaces alone, and so is all that is mounted below it.
  execFileSync('mount', ['--bind', folder('kubelet'), KUBELET_FOLDER]);
  execFileSync('mount', ['--make-rshared', KUBELET_FOLDER]);

  report('node: images');
  const specs = [...(await basicImages()), ...images];
  const archive = archiveOf(specs, folder('images'));
  const { socket, restart: restartContainerd } = await startContainerd(plane, folder);
  execFileSync('ctr', ['--address', socket, '--namespace', 'k8s.io', 'images', 'import', archive]);
  report(`node: ${specs.length} images imported`);
  const restartKubelet = await startKubelet(plane, { socket, folder });
  const proxy = ['--proxy-mode=nftables', `--cluster-cidr=${POD_NETWORK}`, '--conntrack-max-per-core=0', '--healthz-bind-address='];
  stage.start({
    name: 'kube-proxy',
    disposable: true,
    file: await binary('kube-proxy'),
    args: [`--kubeconfig=${plane.kubeconfig}`, `--hostname-override=${NODE_NAME}`, ...proxy],
    env: { PATH },
  });
  const isReady = ({ status }: Node & { status?: { conditions?: { type?: string; status?: string }[] } }): boolean =>
    status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
  await eventually(
    'the node to be Ready',
    async () => {
      const node = await plane.kube.find(NODES, { name: NODE_NAME });
      return node !== undefined && isReady(node) ? true : undefined;
    },
    { signal: stage.broken, timeoutMs: READY_MS, everyMs: 200 },
  );
  report('node: Ready');
  return { plane, restart: (name) => (name === 'kubelet' ? restartKubelet() : restartContainerd()) };
}

/** One image layout, as containerd takes it. */
function archiveOf(images: readonly ImageSpec[], folder: string): string {
  const [layout, archive] = [join(folder, 'layout'), join(folder, 'layout.tar')];
  writeLayout(images, layout);
  execFileSync('tar', ['-C', layout, '-cf', archive, '.']);
  rmSync(layout, { recursive: true });
  return archive;
}

function network(): void {
  execFileSync('hostname', [NODE_NAME]);
  execFileSync('mount', ['--make-rshared', '/']);
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  execFileSync('ip', ['address', 'add', `${ADDRESS}/32`, 'dev', 'lo']);
  execFileSync('ip', ['route', 'add', 'default', 'dev', 'lo']);
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
}

type Folder = (name: string) => string;

type Restart = () => Promise<void>;

async function startContainerd({ stage }: ControlPlane, folder: Folder): Promise<{ readonly socket: string; readonly restart: Restart }> {
  const network = {
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        ipMasq: false,
        ipam: { type: 'host-local', dataDir: folder('ipam'), ranges: [[{ subnet: POD_NETWORK }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
    ],
  };
  writeFileSync(join(folder('cni'), '10-pods.conflist'), JSON.stringify(network));
  const socket = join(folder('run'), 'containerd.sock');
  const config = join(folder('config'), 'containerd.toml');
  // Without CAP_SYS_RESOURCE no score may be lowered: every Pod would fail without restrict_oom_score_adj.
  writeFileSync(
    config,
    `version = 2
root = "${folder('containerd/root')}"
state = "${folder('containerd/state')}"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
[grpc]
  address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "${PAUSE_IMAGE}"
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${folder('cni')}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
[plugins."io.containerd.internal.v1.opt"]
  path = "${folder('containerd/opt')}"
`,
  );
  const { restart } = restartable(stage, {
    name: 'containerd',
    disposable: true,
    file: '/usr/bin/containerd',
    args: ['-c', config],
    env: { PATH },
  });
  const answers = (): true | undefined => {
    try {
      execFileSync('ctr', ['--address', socket, 'version'], { stdio: 'ignore' });
      return true;
    } catch {
      return undefined;
    }
  };
  await eventually('containerd to answer', answers, { signal: stage.broken, everyMs: 100 });
  return { socket, restart };
}

async function startKubelet(
  { stage, kubeconfig }: ControlPlane,
  { socket, folder }: { readonly socket: string; readonly folder: Folder },
): Promise<Restart> {
  const config = join(folder('config'), 'kubelet.json');
  writeFileSync(
    config,
    JSON.stringify({
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      address: ADDRESS,
      healthzBindAddress: '127.0.0.1',
      failCgroupV1: false,
      cgroupDriver: 'cgroupfs',
      cgroupsPerQOS: true,
      enforceNodeAllocatable: [],
      failSwapOn: false,
      containerRuntimeEndpoint: `unix://${socket}`,
      // Nobody else is in these namespaces.
      authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
      authorization: { mode: 'AlwaysAllow' },
      evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%', 'nodefs.inodesFree': '1%' },
      imageGCHighThresholdPercent: 100,
      clusterDomain: 'cluster.local',
      clusterDNS: ['10.0.0.10'],
      resolvConf: '/etc/resolv.conf',
      nodeStatusUpdateFrequency: '5s',
      volumeStatsAggPeriod: '10s',
      syncFrequency: '5s',
    }),
  );
  const { restart } = restartable(stage, {
    name: 'kubelet',
    disposable: true,
    file: await binary('kubelet'),
    args: [
      `--config=${config}`,
      `--kubeconfig=${kubeconfig}`,
      `--hostname-override=${NODE_NAME}`,
      `--node-ip=${ADDRESS}`,
      `--root-dir=${KUBELET_FOLDER}`,
      `--cert-dir=${folder('kubelet-certificates')}`,
      '--v=2',
    ],
    env: { PATH },
  });
  return restart;
}
