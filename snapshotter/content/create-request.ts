/** The request for a content's snapshot or group. Everything is checked here, before any mark is set or call sent. */
import { driverParameters, withoutReserved } from '../class-parameters.ts';
import { text } from '../content-accessors.ts';
import type { SecretName } from '../../lib/sidecar/secret.ts';
import type { Resolved } from '../secret-templates.ts';
import type { Content } from './kind.ts';
import type { Told } from './failure.ts';
import type { ContentRules, ContentState, CreateRequest } from './state.ts';

/** The same content gives the same name for ever: the call can be made again. */
export function snapshotNameOf({ snapshotNamePrefix, snapshotNameUuidLength }: ContentRules, snapshotUid: string): string {
  if (snapshotNameUuidLength < 0) return `${snapshotNamePrefix}-${snapshotUid}`;
  return `${snapshotNamePrefix}-${snapshotUid.replaceAll('-', '').slice(0, snapshotNameUuidLength)}`;
}

export function createRequest<C extends Content>(state: ContentState<C>): Resolved<CreateRequest> {
  const { kind, content, snapshotClass } = state;
  const { className, fault: sourceFault } = kind.read(content);
  if (sourceFault !== undefined) return fault(sourceFault);
  if (className === undefined) return fault(`the content names no ${kind.classKind}`);
  if (snapshotClass === undefined) return fault(`${kind.classKind.toLowerCase()} ${JSON.stringify(className)} not found`);
  const parameters = driverParameters(snapshotClass.parameters);
  return parameters.ok ? assemble(state, parameters.value) : parameters;
}

/**
 * For a content that is only to be found and deleted: a class that is gone or was spoilt since must not
 * keep it for ever. The driver knows the snapshot by its name.
 */
export function replayRequest<C extends Content>(state: ContentState<C>): Resolved<CreateRequest> {
  return assemble(state, withoutReserved(state.snapshotClass?.parameters));
}

function assemble<C extends Content>(
  { kind, content, rules }: ContentState<C>,
  parameters: Record<string, string>,
): Resolved<CreateRequest> {
  const { ref, sources = [] } = kind.read(content);
  const uid = text(ref?.uid);
  if (uid === undefined) return fault(`the content names no ${kind.ownerKind} by uid`);
  if (sources.length === 0) return fault('the content names no source volume');
  const metadata = {
    [kind.metadataParameters.name]: ref?.name ?? '',
    [kind.metadataParameters.namespace]: ref?.namespace ?? '',
    [kind.metadataParameters.content]: content.metadata?.name ?? '',
  };
  return {
    ok: true,
    value: {
      sources,
      name: snapshotNameOf(rules, uid),
      parameters: rules.extraCreateMetadata ? { ...parameters, ...metadata } : parameters,
    },
  };
}

/** The secret of making and deleting. Undefined value: none is needed. One annotation without the other counts for nothing. */
export function annotatedSecret<C extends Content>({ kind, content }: Told<C>): Resolved<SecretName | undefined> {
  const { secretAnnotations: keys } = kind;
  const name = content.metadata?.annotations?.[keys.name];
  const namespace = content.metadata?.annotations?.[keys.namespace];
  if (name === undefined || namespace === undefined) return { ok: true, value: undefined };
  if (text(name) === undefined || text(namespace) === undefined)
    return fault(`the annotations ${keys.name} and ${keys.namespace} must not be empty`);
  return { ok: true, value: { name, namespace } };
}

function fault(sentence: string): { readonly ok: false; readonly fault: string } {
  return { ok: false, fault: sentence };
}
