/** Objects that wait for longer than they should, each with the last thing that was said about it. */
import type { KubeObject, ObjectMeta, PersistentVolumeClaim, Resource } from '../../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../../lib/kube/resources.ts';
import { parseTime } from '../../../lib/kube/time.ts';
import { BETA_STORAGE_PROVISIONER, MIGRATED_TO, PROVISIONED_BY, STORAGE_PROVISIONER } from '../../../provisioner/facts/names.ts';
import { classNameOf, waitsForConsumer } from '../../../provisioner/facts/ownership.ts';
import { type Case, type Check, isAsked } from '../check.ts';
import type { Finding } from '../finding.ts';
import { kubectlName, placeOf } from '../../reading/place.ts';

export const STUCK: Check = {
  name: 'stuck',
  run: async (given) => ({
    findings: [
      ...(await claims(given)),
      ...(await volumes(given)),
      ...(await snapshots(given)),
      ...(await contents(given)),
      ...(await terminating(given)),
    ],
  }),
};

interface Stuck {
  readonly resource: Resource<KubeObject>;
  readonly object: KubeObject;
  readonly since: string | undefined;
  readonly what: string;
  /** Said by the object itself. */
  readonly error?: string | undefined;
  readonly breaks: string;
}

async function tell({ warningAbout }: Case, { resource, object, since, what, error, breaks }: Stuck): Promise<Finding> {
  const place = placeOf(resource, object);
  const { uid, namespace } = object.metadata ?? {};
  const said = error ?? (await warningAbout({ ...(uid === undefined ? {} : { uid }), ...(namespace === undefined ? {} : { namespace }) }));
  return {
    severity: 'error',
    what: `${what}${said === undefined ? '' : `; last said: ${said}`}`,
    where: place,
    since,
    breaks,
    fix: `csi-sidecars explain ${kubectlName(place)}`,
  };
}

function isLong({ nowMs, stuckAfterMs }: Case, since: string | undefined): boolean {
  const at = parseTime(since);
  return at !== undefined && nowMs - at >= stuckAfterMs;
}

const isGoing = (metadata: ObjectMeta | undefined): boolean => metadata?.deletionTimestamp !== undefined;

function provisionerOf({ metadata }: PersistentVolumeClaim): string | undefined {
  const annotations = metadata?.annotations ?? {};
  return annotations[MIGRATED_TO] ?? annotations[STORAGE_PROVISIONER] ?? annotations[BETA_STORAGE_PROVISIONER];
}

/** A claim that nobody uses yet waits for its first Pod, rightly; one without a class is told by the check of classes. */
async function claims(given: Case): Promise<Finding[]> {
  const classes = new Map(given.survey.storageClasses.items.map((each) => [each.metadata?.name, each]));
  const waiting = given.survey.claims.items.filter((claim) => {
    const storageClass = classes.get(classNameOf(claim));
    const since = claim.metadata?.creationTimestamp;
    return (
      claim.status?.phase === 'Pending' &&
      !isGoing(claim.metadata) &&
      storageClass !== undefined &&
      !waitsForConsumer(claim, storageClass) &&
      isAsked(given, provisionerOf(claim) ?? storageClass.provisioner) &&
      isLong(given, since)
    );
  });
  const lost = given.survey.claims.items.filter(({ status }) => status?.phase === 'Lost' && given.driver === undefined);
  return Promise.all([
    ...waiting.map((object) =>
      tell(given, {
        resource: PERSISTENT_VOLUME_CLAIMS,
        object,
        since: object.metadata?.creationTimestamp,
        what: `the claim is Pending, for ${provisionerOf(object) ?? 'nobody: no provisioner was named by the volume controller'}`,
        breaks: 'Pods that use it do not start',
      }),
    ),
    ...lost.map((object) =>
      tell(given, {
        resource: PERSISTENT_VOLUME_CLAIMS,
        object,
        since: undefined,
        what: `the claim is Lost: its volume ${object.spec?.volumeName ?? ''} is gone or belongs to another claim`,
        breaks: 'Pods that use it do not start, its data is not reached',
      }),
    ),
  ]);
}

async function volumes(given: Case): Promise<Finding[]> {
  const going = given.survey.volumes.items.filter(({ metadata, spec, status }) => {
    const driver = spec?.csi?.driver ?? metadata?.annotations?.[PROVISIONED_BY];
    const waits = status?.phase === 'Failed' || (status?.phase === 'Released' && spec?.persistentVolumeReclaimPolicy === 'Delete');
    return waits && !isGoing(metadata) && isAsked(given, driver) && isLong(given, metadata?.creationTimestamp);
  });
  return Promise.all(
    going.map((object) =>
      tell(given, {
        resource: PERSISTENT_VOLUMES,
        object,
        // When its claim went is written nowhere.
        since: undefined,
        what: `the volume is ${object.status?.phase ?? ''}, is to be deleted, and is not`,
        error: object.status?.message,
        breaks: 'its storage is paid for, and nobody uses it',
      }),
    ),
  );
}

async function snapshots(given: Case): Promise<Finding[]> {
  const byName = new Map(given.survey.contents.items.map((each) => [each.metadata?.name, each]));
  const waiting = given.survey.snapshots.items.filter(({ metadata, status, spec }) => {
    const content = byName.get(status?.boundVolumeSnapshotContentName);
    const asked = given.driver === undefined || content?.spec?.driver === given.driver;
    return asked && status?.readyToUse !== true && !isGoing(metadata) && spec !== undefined && isLong(given, metadata?.creationTimestamp);
  });
  return Promise.all(
    waiting.map((object) =>
      tell(given, {
        resource: VOLUME_SNAPSHOTS,
        object,
        since: object.metadata?.creationTimestamp,
        what: 'the snapshot is not ready to use',
        error: object.status?.error?.message,
        breaks: 'nothing can be restored from it',
      }),
    ),
  );
}

/** A content that is Delete and whose VolumeSnapshot is gone is to go, and does not. */
async function contents(given: Case): Promise<Finding[]> {
  if (given.survey.snapshots.blind !== undefined) return [];
  const alive = new Set(given.survey.snapshots.items.map(({ metadata }) => metadata?.uid));
  const orphans = given.survey.contents.items.filter(({ metadata, spec }) => {
    const uid = spec?.volumeSnapshotRef?.uid ?? '';
    return (
      uid !== '' &&
      !alive.has(uid) &&
      spec?.deletionPolicy === 'Delete' &&
      !isGoing(metadata) &&
      isAsked(given, spec.driver) &&
      isLong(given, metadata?.creationTimestamp)
    );
  });
  return Promise.all(
    orphans.map((object) =>
      tell(given, {
        resource: VOLUME_SNAPSHOT_CONTENTS,
        object,
        since: undefined,
        what: 'the VolumeSnapshot that it is for is gone, and it was not deleted with it',
        breaks: 'the snapshot in the storage is paid for, and nobody can use it',
      }),
    ),
  );
}

async function terminating(given: Case): Promise<Finding[]> {
  const { claims: ofClaims, volumes: ofVolumes, snapshots: ofSnapshots, contents: ofContents } = given.survey;
  const all: readonly { readonly resource: Resource<KubeObject>; readonly object: KubeObject; readonly driver: string | undefined }[] = [
    ...ofClaims.items.map((object) => ({ resource: PERSISTENT_VOLUME_CLAIMS, object, driver: provisionerOf(object) })),
    ...ofVolumes.items.map((object) => ({ resource: PERSISTENT_VOLUMES, object, driver: object.spec?.csi?.driver })),
    ...ofSnapshots.items.map((object) => ({ resource: VOLUME_SNAPSHOTS, object, driver: given.driver })),
    ...ofContents.items.map((object) => ({ resource: VOLUME_SNAPSHOT_CONTENTS, object, driver: object.spec?.driver })),
  ];
  const going = all.filter(({ object, driver }) => isAsked(given, driver) && isLong(given, object.metadata?.deletionTimestamp));
  return Promise.all(
    going.map(({ resource, object }) =>
      tell(given, {
        resource,
        object,
        since: object.metadata?.deletionTimestamp,
        what: `it was deleted and is held by ${(object.metadata?.finalizers ?? []).join(', ') || 'nothing: the server is about to remove it'}`,
        breaks: 'it does not go, nor does its namespace',
      }),
    ),
  );
}
