/** The CreateSnapshot request of a content. Everything is checked here, before any mark is set or call sent. */
import type { VolumeSnapshotClass, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { driverParameters, withoutReserved } from '../class-parameters.ts';
import { text, volumeHandleOf } from '../content-accessors.ts';
import { CAUSE, type Cause } from '../failure-note.ts';
import {
  DELETION_SECRET_NAME,
  DELETION_SECRET_NAMESPACE,
  PARAMETER_CONTENT_NAME,
  PARAMETER_SNAPSHOT_NAME,
  PARAMETER_SNAPSHOT_NAMESPACE,
} from '../names.ts';
import { classNotFound, noInput, quote } from '../peer-words.ts';
import type { SecretName } from '../../lib/sidecar/secret.ts';
import type { Resolved, Unresolved } from '../secret-templates.ts';
import type { ContentRules, CreateRequest } from './state.ts';

/** The same content gives the same name for ever: the call can be made again. */
export function snapshotNameOf({ snapshotNamePrefix, snapshotNameUuidLength }: ContentRules, snapshotUid: string): string {
  if (snapshotNameUuidLength < 0) return `${snapshotNamePrefix}-${snapshotUid}`;
  return `${snapshotNamePrefix}-${snapshotUid.replaceAll('-', '').slice(0, snapshotNameUuidLength)}`;
}

/** `cause`: where it is another one than that the objects are not as they must be. */
type RequestOrFault = Resolved<CreateRequest> & { readonly cause?: Cause };

export function createRequest(
  content: VolumeSnapshotContent,
  snapshotClass: VolumeSnapshotClass | undefined,
  rules: ContentRules,
): RequestOrFault {
  const className = text(content.spec?.volumeSnapshotClassName);
  const name = content.metadata?.name ?? '';
  if (className === undefined) return fault(noInput(`for content ${name}`, `failed to take snapshot ${name} without a snapshot class`));
  if (snapshotClass === undefined) return { ...fault(noInput(`for content ${name}`, classNotFound(className))), cause: CAUSE.missing };
  const parameters = driverParameters(snapshotClass.parameters);
  if (parameters.ok) return assemble(content, parameters.value, rules);
  return fault(`failed to remove CSI Parameters of prefixed keys: ${parameters.fault}`);
}

/**
 * For a content that is only to be found and deleted: a class that is gone or was spoilt since must not
 * keep it for ever. The driver knows the snapshot by its name.
 */
export function replayRequest(
  content: VolumeSnapshotContent,
  snapshotClass: VolumeSnapshotClass | undefined,
  rules: ContentRules,
): RequestOrFault {
  return assemble(content, withoutReserved(snapshotClass?.parameters), rules);
}

function assemble(content: VolumeSnapshotContent, parameters: Record<string, string>, rules: ContentRules): Resolved<CreateRequest> {
  const ref = content.spec?.volumeSnapshotRef;
  const sourceVolumeId = volumeHandleOf(content);
  const uid = text(ref?.uid);
  const name = content.metadata?.name ?? '';
  if (uid === undefined) return fault(notTaken(sourceVolumeId, `cannot create snapshot. Snapshot content ${name} not bound to a snapshot`));
  if (sourceVolumeId === undefined)
    return fault(notTaken(sourceVolumeId, `cannot create snapshot. Volume handle not found in snapshot content ${name}`));
  const metadata = {
    [PARAMETER_SNAPSHOT_NAME]: ref?.name ?? '',
    [PARAMETER_SNAPSHOT_NAMESPACE]: ref?.namespace ?? '',
    [PARAMETER_CONTENT_NAME]: name,
  };
  return {
    ok: true,
    value: {
      sourceVolumeId,
      name: snapshotNameOf(rules, uid),
      parameters: rules.extraCreateMetadata ? { ...parameters, ...metadata } : parameters,
    },
  };
}

/** The secret of CreateSnapshot and DeleteSnapshot. Undefined value: none is needed. One annotation without the other counts for nothing. */
export function annotatedSecret({ metadata }: VolumeSnapshotContent): Resolved<SecretName | undefined> {
  const name = metadata?.annotations?.[DELETION_SECRET_NAME];
  const namespace = metadata?.annotations?.[DELETION_SECRET_NAMESPACE];
  if (name === undefined || namespace === undefined) return { ok: true, value: undefined };
  if (text(name) === undefined || text(namespace) === undefined)
    return {
      ok: false,
      fault: `cannot retrieve secrets for snapshot content ${quote(metadata?.name ?? '')}, err: secret name or namespace not specified`,
      more: `the annotations ${DELETION_SECRET_NAME} and ${DELETION_SECRET_NAMESPACE} must not be empty`,
    };
  return { ok: true, value: { name, namespace } };
}

export function notTaken(volumeHandle: string | undefined, why: string): string {
  return `failed to take snapshot of the volume ${volumeHandle ?? ''}: ${quote(why)}`;
}

function fault(words: string): Unresolved {
  return { ok: false, fault: words };
}
