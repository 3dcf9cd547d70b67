/** Moments at which an image is swapped: what is to be seen of the objects, or at the driver, before it is. */
import type { KubeObject } from '../../../../lib/kube/objects.ts';
import {
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  VOLUME_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOTS,
} from '../../../../lib/kube/resources.ts';
import type { DriverControl } from '../../../../harness/driver-control.ts';
import type { Kube } from '../../../../harness/kube.ts';
import { eventually } from '../../../../harness/wait.ts';
import { BEING_CREATED, CLAIM_PROTECTION } from '../../../../snapshotter/names.ts';

export type MomentName =
  | 'just asked'
  | 'a claim is refused'
  | 'a volume is being made'
  | 'a volume has its PV'
  | 'a source is protected'
  | 'a content is there'
  | 'a content is marked'
  | 'a snapshot is being cut'
  | 'a snapshot is cut and not ready'
  | 'a group is being cut'
  | 'a snapshot is being deleted'
  | 'a content is being deleted'
  | 'a snapshot leaves the driver'
  | 'a volume is released'
  | 'a volume leaves the driver'
  | 'most is there';

interface Sight {
  readonly kube: Kube;
  readonly control: DriverControl;
  readonly namespace: string;
  /** Names of what was asked for last begin so. */
  readonly prefix: string;
}

const met =
  (rpc: string) =>
  async ({ control }: Sight): Promise<boolean> =>
    (await control.met()).includes(rpc);
const isLeaving = ({ metadata }: KubeObject): boolean => metadata?.deletionTimestamp !== undefined;

const SEEN: Readonly<Record<MomentName, (sight: Sight) => Promise<boolean>>> = {
  'just asked': async () => true,
  'a claim is refused': met('CreateVolume'),
  'a volume is being made': met('CreateVolume'),
  'a volume has its PV': async ({ kube, prefix }) =>
    (await kube.list(PERSISTENT_VOLUMES)).some(({ spec }) => spec?.claimRef?.name?.startsWith(prefix)),
  'a source is protected': async ({ kube, namespace }) =>
    (await kube.list(PERSISTENT_VOLUME_CLAIMS, namespace)).some(({ metadata }) => metadata?.finalizers?.includes(CLAIM_PROTECTION)),
  'a content is there': async ({ kube, prefix }) =>
    (await kube.list(VOLUME_SNAPSHOT_CONTENTS)).some(({ spec }) => spec?.volumeSnapshotRef?.name?.startsWith(prefix)),
  'a content is marked': async ({ kube }) =>
    (await kube.list(VOLUME_SNAPSHOT_CONTENTS)).some(({ metadata }) => metadata?.annotations?.[BEING_CREATED] !== undefined),
  'a snapshot is being cut': met('CreateSnapshot'),
  'a snapshot is cut and not ready': async ({ kube }) =>
    (await kube.list(VOLUME_SNAPSHOT_CONTENTS)).some(({ status }) => status?.snapshotHandle !== undefined && status.readyToUse !== true),
  'a group is being cut': met('CreateVolumeGroupSnapshot'),
  'a snapshot is being deleted': async ({ kube, namespace }) => (await kube.list(VOLUME_SNAPSHOTS, namespace)).some(isLeaving),
  'a content is being deleted': async ({ kube }) => (await kube.list(VOLUME_SNAPSHOT_CONTENTS)).some(isLeaving),
  'a snapshot leaves the driver': met('DeleteSnapshot'),
  'a volume is released': async ({ kube }) => (await kube.list(PERSISTENT_VOLUMES)).some(({ status }) => status?.phase === 'Released'),
  'a volume leaves the driver': met('DeleteVolume'),
  'most is there': async ({ kube, namespace, prefix }) => {
    const asked = (await kube.list(VOLUME_SNAPSHOTS, namespace)).filter(({ metadata }) => metadata?.name?.startsWith(prefix));
    return asked.length > 0 && asked.filter(({ status }) => status?.readyToUse === true).length * 2 >= asked.length;
  },
};

export const MOMENTS = Object.keys(SEEN) as readonly MomentName[];

/** Not a bound: a moment may pass by between two looks, and then the swap comes when nothing is under way any more. */
const PATIENCE_MS = 15_000;

/** Whether it was seen. */
export async function awaitMoment(moment: MomentName, sight: Sight): Promise<boolean> {
  const look = async (): Promise<true | undefined> => ((await SEEN[moment](sight)) ? true : undefined);
  return eventually(moment, look, { timeoutMs: PATIENCE_MS, everyMs: 10 }).catch(() => false);
}
