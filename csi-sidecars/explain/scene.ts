/** What every kind's explanation is made from, and what it answers. */
import type { KubeObject } from '../../lib/kube/objects.ts';
import { didYouMean } from '../../lib/process/nearest.ts';
import type { ReadOnlyClient } from '../reading/read-only-client.ts';
import type { Link, Next, Turn } from './explanation.ts';
import type { LastError } from './last-error.ts';
import { kubectlName, type Place } from '../reading/place.ts';
import type { Theatre } from './theatre.ts';

export interface Scene {
  readonly client: ReadOnlyClient;
  readonly theatre: Theatre;
  readonly signal: AbortSignal;
  readonly nowMs: number;
}

export interface Act {
  readonly state: string;
  readonly chain: readonly Link[];
  readonly turn: Turn;
  readonly next: readonly Next[];
  /** In the object's own status; else the newest Warning is looked for. */
  readonly error?: LastError | undefined;
  /**
   * The longest pause between two tries of what is next; `change`: the next try comes at once when what is in the way has gone.
   * Undefined where nothing is tried again.
   */
  readonly pause?: number | 'change' | undefined;
  readonly unknown?: readonly string[];
}

export function waitFor(place: Place, who: Turn['who'], why: string): Turn {
  return { who, why, waitsFor: place, command: `csi-sidecars explain ${kubectlName(place)}` };
}

export function isGoing({ metadata }: KubeObject): boolean {
  return metadata?.deletionTimestamp !== undefined;
}

/** Nothing stands in snapshot-controller's way. `does`: as its words say the step. */
export function controllersTurn(does: string): Turn {
  return {
    who: 'snapshot-controller',
    why: `snapshot-controller ${does}`,
    command: 'kubectl get pods -A # does snapshot-controller run?',
  };
}

/**
 * What belongs to a driver that is not there waits for it; undefined where it is there, or nobody can tell. `remedy`: what
 * else helps than installing it.
 */
export function withoutDriver(
  { theatre: { drivers } }: Scene,
  driver: string,
  { what, remedy }: { readonly what: string; readonly remedy: string },
): Turn | undefined {
  if (!drivers.isMissing(driver) || drivers.isOtherSort(driver)) return undefined;
  const why = `${what}: no CSIDriver and no node has it${didYouMean(driver, [...drivers.announced, ...drivers.nodes.keys()])}`;
  return { who: 'administrator', why, command: `kubectl get csidrivers # install ${driver}, or ${remedy}` };
}

export function readiness(object: { readonly status?: { readonly readyToUse?: boolean } } | undefined): string {
  return object?.status?.readyToUse === true ? 'ready' : 'not ready';
}

/** A link to an object by name, whether it is there or not. */
export function link(
  relation: string,
  place: Place,
  { object, state }: { readonly object: KubeObject | undefined; readonly state?: string | undefined },
): Link {
  const shown = object === undefined ? 'missing' : isGoing(object) ? 'being deleted' : (state ?? 'there');
  return { relation, place, state: shown };
}

/** The sidecar is to act, and what it does shows whose turn it is: the driver's once it is called. */
export function told(next: { readonly kind: string; readonly reason?: string }, words: string | undefined, controller: string): Next {
  return { controller, step: next.kind, does: words ?? next.reason ?? '' };
}
