/** The request for a content's snapshot or group. Everything is checked here, before any mark is set or call sent. */
import { driverParameters, withoutReserved } from '../class-parameters.ts';
import { text } from '../content-accessors.ts';
import type { SecretName } from '../../lib/sidecar/secret.ts';
import { CAUSE, type Cause } from '../failure-note.ts';
import { withMore } from '../peer-words.ts';
import type { Resolved, Unresolved } from '../secret-templates.ts';
import type { Content } from './kind.ts';
import type { ContentSettings, ContentState, CreateRequest } from './state.ts';
import { classNotFound, emptySecret, type Named, noClass, noInput, noSources, notBound, notTaken } from './words.ts';

/** The same content gives the same name for ever: the call can be made again. */
export function snapshotNameOf({ snapshotNamePrefix, snapshotNameUuidLength }: ContentSettings, snapshotUid: string): string {
  if (snapshotNameUuidLength < 0) return `${snapshotNamePrefix}-${snapshotUid}`;
  return `${snapshotNamePrefix}-${snapshotUid.replaceAll('-', '').slice(0, snapshotNameUuidLength)}`;
}

/** `cause`: where it is another one than that the objects are not as they must be. */
type RequestOrFault = Resolved<CreateRequest> & { readonly cause?: Cause };

export function createRequest<C extends Content>(state: ContentState<C>): RequestOrFault {
  const { kind, content, snapshotClass } = state;
  const { className, fault: sourceFault } = kind.read(content);
  if (className === undefined) return fault(noClass(state));
  if (snapshotClass === undefined) return { ...fault(noInput(state, classNotFound(kind, className))), cause: CAUSE.missing };
  const parameters = driverParameters(snapshotClass.parameters);
  if (!parameters.ok) return fault(`failed to remove CSI Parameters of prefixed keys: ${parameters.fault}`);
  const request = assemble(state, parameters.value);
  if (!request.ok) return fault(withMore(request.fault, sourceFault));
  return sourceFault === undefined ? request : fault(notTaken(state, sourceFault));
}

/**
 * For a content that is only to be found and deleted: a class that is gone or was spoilt since must not
 * keep it for ever. The driver knows the snapshot by its name.
 */
export function replayRequest<C extends Content>(state: ContentState<C>): RequestOrFault {
  return assemble(state, withoutReserved(state.snapshotClass?.parameters));
}

function assemble<C extends Content>(state: ContentState<C>, parameters: Record<string, string>): Resolved<CreateRequest> {
  const { kind, content, settings } = state;
  const { ref, sources = [] } = kind.read(content);
  const uid = text(ref?.uid);
  if (uid === undefined) return fault(notBound(state));
  if (sources.length === 0) return fault(noSources(state));
  const metadata = {
    [kind.metadataParameters.name]: ref?.name ?? '',
    [kind.metadataParameters.namespace]: ref?.namespace ?? '',
    [kind.metadataParameters.content]: content.metadata?.name ?? '',
  };
  return {
    ok: true,
    value: {
      sources,
      name: snapshotNameOf(settings, uid),
      parameters: settings.extraCreateMetadata ? { ...parameters, ...metadata } : parameters,
    },
  };
}

/** The secret of making and deleting. Undefined value: none is needed. One annotation without the other counts for nothing. */
export function annotatedSecret<C extends Content>(named: Named<C>): Resolved<SecretName | undefined> {
  const { kind, content } = named;
  const { secretAnnotations: keys } = kind;
  const name = content.metadata?.annotations?.[keys.name];
  const namespace = content.metadata?.annotations?.[keys.namespace];
  if (name === undefined || namespace === undefined) return { ok: true, value: undefined };
  if (text(name) === undefined || text(namespace) === undefined)
    return { ok: false, fault: emptySecret(named), more: `the annotations ${keys.name} and ${keys.namespace} must not be empty` };
  return { ok: true, value: { name, namespace } };
}

function fault(words: string): Unresolved {
  return { ok: false, fault: words };
}
