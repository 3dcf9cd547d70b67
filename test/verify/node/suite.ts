/** Kubernetes' storage suite, External.Storage, on the deployed driver. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DRIVER, TOPOLOGY_KEY } from '../../../harness/node/driver-pod.ts';
import { binary } from '../../../harness/real/binaries.ts';
import type { Deployed } from './deployed.ts';

export interface SuiteResult {
  readonly passed: readonly string[];
  /** `spec: message`. */
  readonly failed: readonly string[];
  /** Reason → how many specs the suite skipped for it. */
  readonly skipped: Readonly<Record<string, number>>;
}

/** The suite counts times in them. */
const NANOSECONDS = 1e9;

/** What the suite is told of the driver; what is not named it does not have. */
const DRIVER_DEFINITION = {
  ShortName: 'mock',
  StorageClass: { FromName: true },
  SnapshotClass: { FromName: true },
  GroupSnapshotClass: { FromName: true },
  DriverInfo: {
    Name: DRIVER,
    SupportedSizeRange: { Min: '1Mi' },
    SupportedFsType: { '': {} },
    TopologyKeys: [TOPOLOGY_KEY],
    Capabilities: {
      ...{ persistence: true, block: true, exec: true, fsGroup: true, multipods: true, RWX: true },
      ...{ snapshotDataSource: true, pvcDataSource: true, groupSnapshot: true, capReadOnlyMany: true, readWriteOncePod: true },
      ...{
        controllerExpansion: true,
        nodeExpansion: true,
        topology: true,
        capacity: true,
        singleNodeVolume: true,
        multiplePVsSameID: true,
      },
      // A directory has no size that could be looked at.
      FSResizeFromSourceNotSupported: true,
    },
    // Smaller than those of Kubernetes' own CI, whose nodes have more than two cores.
    StressTestOptions: { NumPods: 4, NumRestarts: 3 },
    VolumeSnapshotStressTestOptions: { NumPods: 4, NumSnapshots: 5 },
    VolumeModifyStressTestOptions: { NumPods: 4 },
    VolumeGroupSnapshotStressTestOptions: { NumPods: 3, NumSnapshots: 4 },
    // As Kubernetes' own CI asks of the host path driver.
    PerformanceTestOptions: {
      ProvisioningOptions: { VolumeSize: '1Mi', Count: 300, ExpectedMetrics: { AvgLatency: 120 * NANOSECONDS, Throughput: 0.5 } },
    },
  },
};
const ATTRIBUTES_CLASS = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'VolumeAttributesClass',
  metadata: { name: 'mock' },
  driverName: DRIVER,
  parameters: { iops: '3000' },
};
/** `slow`: specs that take minutes, or that bear no other beside them. */
export type SuiteShare = 'quick' | 'slow';

const SLOW = '\\[Slow\\]|\\[Serial\\]';
/** The last one runs a populator whose image is nowhere but in a registry. */
const NEVER = '\\[Disruptive\\]|any volume data source';
const CHOICES: Readonly<Record<SuiteShare, { readonly focus: string; readonly skip: string }>> = {
  quick: { focus: 'External.Storage', skip: `${NEVER}|${SLOW}` },
  slow: { focus: `External.Storage.*(${SLOW})`, skip: NEVER },
};
/** Specs at once: what two cores bear without running into the suite's own time limits. */
const AT_ONCE = 6;
const LIMIT_MINUTES = 40;

/** As far as it is read of ginkgo's report. */
interface SpecReport {
  readonly ContainerHierarchyTexts: readonly string[] | null;
  readonly LeafNodeType: string;
  readonly LeafNodeText: string;
  readonly State: string;
  readonly Failure?: { readonly Message?: string };
}

interface SuiteOptions {
  readonly share: SuiteShare;
  /** A pattern of names instead of all of the share. */
  readonly focus?: string | undefined;
}

export const isShare = (word: string): word is SuiteShare => word in CHOICES;

export async function runSuite({ plane }: Deployed, { share, focus = CHOICES[share].focus }: SuiteOptions): Promise<SuiteResult> {
  const { stage } = plane;
  const file = (name: string, content: object): string => {
    writeFileSync(join(stage.dir, name), JSON.stringify(content));
    return join(stage.dir, name);
  };
  const attributes = { VolumeAttributesClass: { FromFile: file('attributes-class.json', ATTRIBUTES_CLASS) } };
  const report = join(stage.dir, 'suite.json');
  const { stdout, stderr } = await stage.run({
    name: 'ginkgo',
    file: await binary('ginkgo'),
    args: [
      ...[
        `-procs=${AT_ONCE}`,
        '--no-color',
        '--succinct',
        `--timeout=${LIMIT_MINUTES}m`,
        `--focus=${focus}`,
        `--skip=${CHOICES[share].skip}`,
      ],
      ...[`--json-report=${report}`, await binary('e2e.test'), '--'],
      ...[
        `-kubeconfig=${plane.kubeconfig}`,
        `-kubectl-path=${await binary('kubectl')}`,
        '-provider=skeleton',
        '-dump-logs-on-failure=false',
      ],
      `-storage.testdriver=${file('driver.json', { ...DRIVER_DEFINITION, ...attributes })}`,
    ],
    env: { HOME: stage.dir },
    timeoutMs: (LIMIT_MINUTES + 2) * 60_000,
  });
  try {
    return readSuiteReport(readFileSync(report, 'utf8'));
  } catch (error) {
    throw new Error(`ginkgo wrote no report:\n${`${stdout}${stderr}`.slice(-3000)}`, { cause: error });
  }
}

/** Specs that were filtered away leave no reason; those that the suite skipped when it looked at the driver say why. */
export function readSuiteReport(json: string): SuiteResult {
  const suites = JSON.parse(json) as readonly { readonly SpecReports: readonly SpecReport[] | null }[];
  const passed: string[] = [];
  const failed: string[] = [];
  const skipped: Record<string, number> = {};
  for (const spec of suites.flatMap(({ SpecReports }) => SpecReports ?? [])) {
    const name = [...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText].join(' ');
    const message = spec.Failure?.Message ?? '';
    if (spec.LeafNodeType !== 'It') {
      if (spec.State === 'failed') failed.push(`${spec.LeafNodeType}: ${message}`);
    } else if (spec.State === 'passed') passed.push(name);
    else if (spec.State !== 'skipped' && spec.State !== 'pending') failed.push(`${name}: ${spec.State} ${message}`);
    else if (message !== '') skipped[message] = (skipped[message] ?? 0) + 1;
  }
  return { passed, failed, skipped };
}
