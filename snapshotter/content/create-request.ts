/** The CreateSnapshot request of a content. Everything is checked here, before any mark is set or call sent. */
import type { VolumeSnapshotClass, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { driverParameters, withoutReserved } from '../class-parameters.ts';
import { text, volumeHandleOf } from '../content-accessors.ts';
import {
  DELETION_SECRET_NAME,
  DELETION_SECRET_NAMESPACE,
  PARAMETER_CONTENT_NAME,
  PARAMETER_SNAPSHOT_NAME,
  PARAMETER_SNAPSHOT_NAMESPACE,
} from '../names.ts';
import type { SecretName } from '../../lib/sidecar/secret.ts';
import type { Resolved } from '../secret-templates.ts';
import type { ContentRules, CreateRequest } from './state.ts';

/** The same content gives the same name for ever: the call can be made again. */
export function snapshotNameOf({ snapshotNamePrefix, snapshotNameUuidLength }: ContentRules, snapshotUid: string): string {
  if (snapshotNameUuidLength < 0) return `${snapshotNamePrefix}-${snapshotUid}`;
  return `${snapshotNamePrefix}-${snapshotUid.replaceAll('-', '').slice(0, snapshotNameUuidLength)}`;
}

export function createRequest(
  content: VolumeSnapshotContent,
  snapshotClass: VolumeSnapshotClass | undefined,
  rules: ContentRules,
): Resolved<CreateRequest> {
  const className = text(content.spec?.volumeSnapshotClassName);
  if (className === undefined) return fault('the content names no VolumeSnapshotClass');
  if (snapshotClass === undefined) return fault(`volumesnapshotclass ${JSON.stringify(className)} not found`);
  const parameters = driverParameters(snapshotClass.parameters);
  return parameters.ok ? assemble(content, parameters.value, rules) : parameters;
}

/**
 * For a content that is only to be found and deleted: a class that is gone or was spoilt since must not
 * keep it for ever. The driver knows the snapshot by its name.
 */
export function replayRequest(
  content: VolumeSnapshotContent,
  snapshotClass: VolumeSnapshotClass | undefined,
  rules: ContentRules,
): Resolved<CreateRequest> {
  return assemble(content, withoutReserved(snapshotClass?.parameters), rules);
}

function assemble(content: VolumeSnapshotContent, parameters: Record<string, string>, rules: ContentRules): Resolved<CreateRequest> {
  const ref = content.spec?.volumeSnapshotRef;
  const sourceVolumeId = volumeHandleOf(content);
  const uid = text(ref?.uid);
  if (uid === undefined) return fault('the content names no VolumeSnapshot by uid');
  if (sourceVolumeId === undefined) return fault('the content names no source volume');
  const metadata = {
    [PARAMETER_SNAPSHOT_NAME]: ref?.name ?? '',
    [PARAMETER_SNAPSHOT_NAMESPACE]: ref?.namespace ?? '',
    [PARAMETER_CONTENT_NAME]: content.metadata?.name ?? '',
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
    return fault(`the annotations ${DELETION_SECRET_NAME} and ${DELETION_SECRET_NAMESPACE} must not be empty`);
  return { ok: true, value: { name, namespace } };
}

function fault(sentence: string): { readonly ok: false; readonly fault: string } {
  return { ok: false, fault: sentence };
}
