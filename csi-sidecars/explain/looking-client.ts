/**
 * A client for controllers that are asked and not let loose: reads go through, everything else is a bug of the asker. What
 * we may not read ends the rehearsal: the controller itself may be allowed to.
 */
import { isForbidden } from '../../lib/kube/api-error.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { ReadOnlyClient } from '../reading/read-only-client.ts';

/** No ApiError: controllers would take it for an answer of theirs. */
export class MayNotLook extends Error {
  readonly code = 'MAY_NOT_LOOK';
}

/** It reaches nobody as long as only reading effects are executed. */
function refuse(what: string): never {
  throw new Error(`a rehearsal must not ${what}`);
}

export function lookingClient(client: ReadOnlyClient): KubeClient {
  const seen = async <T>(request: Promise<T>): Promise<T> => {
    try {
      return await request;
    } catch (error) {
      throw isForbidden(error) ? new MayNotLook(error.message, { cause: error }) : error;
    }
  };
  return {
    get: (resource, target, signal) => seen(client.get(resource, target, signal)),
    list: (resource, options) => seen(client.list(resource, options)),
    create: () => refuse('create'),
    replace: () => refuse('replace'),
    patch: () => refuse('patch'),
    delete: () => refuse('delete'),
    watch: () => refuse('watch'),
    raw: () => refuse('ask for other paths'),
  };
}

/** For whatever a reading effect does not use. */
export function unused<T extends object>(what: string): T {
  return new Proxy({} as T, { get: (_, name) => () => refuse(`use ${what}.${String(name)}`) });
}
