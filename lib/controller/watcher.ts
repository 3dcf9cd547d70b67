/**
 * List and watch of one resource as a pure reducer: (state, input) → next state, what consumers see, and
 * the one thing to do next. The shell (reflector.ts) does it and feeds the answer back; it ends only when
 * its signal fires.
 *
 * Invariants: consumers see whole lists (init … initDone) and then single changes, never half a list; the
 * first list is a quorum read, later ones are not older than the last version seen, unless the server no
 * longer knows that version or was not to be reached: it may have been restored from a backup, and a watch
 * from a version that it has not reached is silent for ever, without an error (decision 006); every failure
 * waits, longer each time and jittered, so that a thousand clients of a restarted server do not come at once.
 */
import type { ApiError } from '../kube/api-error.ts';
import type { ListPage, WatchEvent } from '../kube/client.ts';
import type { KubeObject } from '../kube/objects.ts';
import { laterVersion } from './resource-version.ts';

export const PAGE_SIZE = 500;
const BACKOFF_START_MS = 800;
const BACKOFF_MAX_MS = 30_000;
/** For a kind that the role can do without, and that the server does not serve or not to us. */
const REFUSED_PACE_MS = 60_000;
/** The server ends a watch after 5 to 10 minutes, each at another time. */
const WATCH_MIN_SECONDS = 300;
const WATCH_SPREAD_SECONDS = 300;
/** A watch that ended sooner counts as a failure: else a server that closes at once makes a hot loop. */
const HEALTHY_WATCH_MS = 5_000;
/** Silence beyond the server's own end of the watch: the connection is half open. */
const GRACE_MS = 15_000;
/** kube-apiserver sends a bookmark about every minute: from one that has sent any, three minutes of silence are too many. */
const BOOKMARK_SILENCE_MS = 180_000;

export interface WatcherState {
  readonly phase: 'starting' | 'listing' | 'watching' | 'waiting';
  /** Newest version seen. Undefined before the first whole list. */
  readonly version: string | undefined;
  /** The next list may not rely on `version`: first list, the server said that it is gone, or the server was gone itself. */
  readonly quorum: boolean;
  /** Where the waiting leads. */
  readonly next: 'list' | 'watch';
  /** Consecutive failures. */
  readonly failures: number;
  /** A list is under way and its first page was seen. */
  readonly inList: boolean;
  /** The present watch delivered something. */
  readonly heard: boolean;
  /** Monotonic time at which the server last said something of this resource. */
  readonly heardAtMs: number;
  /** The server has sent bookmarks. */
  readonly bookmarks: boolean;
  /** Monotonic time at which the present watch was opened. */
  readonly watchedSinceMs: number;
  readonly optional: boolean;
}

export type WatcherInput<T extends KubeObject> =
  | { readonly kind: 'start' }
  | { readonly kind: 'page'; readonly page: ListPage<T> }
  | { readonly kind: 'event'; readonly event: WatchEvent<T> }
  /** The server ended the watch. */
  | { readonly kind: 'ended' }
  /** Nothing came for `silenceMs`. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'failed'; readonly error: ApiError }
  | { readonly kind: 'waited' };

/** Facts of the moment that a pure function may not ask for. */
export interface Moment {
  /** Monotonic milliseconds. */
  readonly now: number;
  /** In [0, 1). */
  readonly chance: number;
}

/** What consumers see. */
export type WatcherOutput<T extends KubeObject> =
  /** A whole list is about to be asked for; a quorum read shows every write that was answered before. */
  | { readonly kind: 'asked'; readonly quorum: boolean }
  | { readonly kind: 'init' }
  | { readonly kind: 'initApply'; readonly object: T }
  | { readonly kind: 'initDone'; readonly version: string }
  | { readonly kind: 'apply'; readonly object: T }
  | { readonly kind: 'delete'; readonly object: T }
  | { readonly kind: 'bookmark'; readonly version: string }
  /** The server does not serve this kind (404) or not to us (403). */
  | { readonly kind: 'refused'; readonly error: ApiError };

/** What to do next. */
export type WatcherAction =
  | { readonly kind: 'list'; readonly version: string | undefined; readonly continueToken: string | undefined }
  | { readonly kind: 'watch'; readonly version: string; readonly timeoutSeconds: number; readonly silenceMs: number }
  | { readonly kind: 'wait'; readonly ms: number }
  /** Go on reading the present watch; a new limit of silence where given. */
  | { readonly kind: 'read'; readonly silenceMs?: number };

export interface Turn<T extends KubeObject> {
  readonly state: WatcherState;
  readonly outputs: readonly WatcherOutput<T>[];
  readonly action: WatcherAction;
}

export function initialState(optional: boolean): WatcherState {
  return {
    phase: 'starting',
    version: undefined,
    quorum: true,
    next: 'list',
    failures: 0,
    inList: false,
    heard: false,
    heardAtMs: 0,
    bookmarks: false,
    watchedSinceMs: 0,
    optional,
  };
}

export function stepWatcher<T extends KubeObject>(state: WatcherState, input: WatcherInput<T>, moment: Moment): Turn<T> {
  switch (input.kind) {
    case 'start':
      return list(state, [], undefined);
    case 'page':
      return onPage(state, input.page, moment);
    case 'event':
      return onEvent(state, input.event, moment);
    case 'ended':
      if (!healthyFor(state, moment)) return wait(state, 'watch', moment);
      // Minutes without as much as a bookmark: is this version one that the server knows?
      if (moment.now - state.heardAtMs >= BOOKMARK_SILENCE_MS) return list({ ...state, quorum: true, failures: 0 }, [], undefined);
      return watch({ ...state, failures: 0 }, [], moment);
    case 'silent':
      return wait({ ...state, quorum: true, failures: healthyFor(state, moment) ? 0 : state.failures }, 'list', moment);
    case 'failed':
      return onFailure(state, input.error, moment);
    case 'waited':
      return state.next === 'list' ? list(state, [], undefined) : watch(state, [], moment);
    default:
      return input satisfies never;
  }
}

function onPage<T extends KubeObject>(state: WatcherState, page: ListPage<T>, moment: Moment): Turn<T> {
  const outputs: WatcherOutput<T>[] = state.inList ? [] : [{ kind: 'init' }];
  for (const object of page.items) outputs.push({ kind: 'initApply', object });
  if (page.continueToken !== undefined) return list({ ...state, inList: true }, outputs, page.continueToken);
  outputs.push({ kind: 'initDone', version: page.resourceVersion });
  return watch({ ...state, version: page.resourceVersion, quorum: false, inList: false, heardAtMs: moment.now }, outputs, moment);
}

function onEvent<T extends KubeObject>(state: WatcherState, event: WatchEvent<T>, moment: Moment): Turn<T> {
  const version = event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata?.resourceVersion;
  const next = { ...state, heard: true, heardAtMs: moment.now, version: laterVersion(state.version ?? '', version ?? '') };
  if (event.type === 'BOOKMARK') {
    return {
      state: { ...next, bookmarks: true },
      outputs: [{ kind: 'bookmark', version: event.resourceVersion }],
      action: { kind: 'read', silenceMs: BOOKMARK_SILENCE_MS },
    };
  }
  const kind = event.type === 'DELETED' ? 'delete' : 'apply';
  return { state: next, outputs: [{ kind, object: event.object }], action: { kind: 'read' } };
}

function onFailure<T extends KubeObject>(state: WatcherState, error: ApiError, moment: Moment): Turn<T> {
  const failing = { ...state, inList: false, failures: healthyFor(state, moment) ? 0 : state.failures };
  const refused: WatcherOutput<T>[] = error.status === 404 || error.status === 403 ? [{ kind: 'refused', error }] : [];
  if (isVersionGone(error)) {
    // A watch or page on a version that was compacted: list from "not older than"; if a list itself failed so, from a quorum.
    return wait({ ...failing, quorum: state.phase === 'listing' }, 'list', moment);
  }
  if (refused.length > 0) {
    const atLeastMs = state.optional ? REFUSED_PACE_MS * (1 + moment.chance / 4) : 0;
    return { ...wait<T>(failing, 'list', { ...moment, atLeastMs }), outputs: refused };
  }
  // A break is answered by going on where it was; where that fails too, the server is or was gone.
  if (isOutage(state, error, moment)) return wait({ ...failing, quorum: true }, 'list', moment);
  const next = state.phase === 'watching' ? 'watch' : 'list';
  return wait(failing, next, { ...moment, atLeastMs: error.retryAfterMs ?? 0 });
}

/** 410, or a server (restored from a backup, or a lagging replica) that has not reached the version yet. */
function isVersionGone(error: ApiError): boolean {
  return error.status === 410 || error.causes.some((cause) => cause.reason === 'ResourceVersionTooLarge');
}

/** The watch was not opened: no answer, or that of a proxy that has no server behind it. One that lived and broke is no outage. */
function isOutage(state: WatcherState, error: ApiError, moment: Moment): boolean {
  if (state.phase !== 'watching' || state.heard) return false;
  if (error.status !== 0) return error.status >= 500;
  return error.reason === 'Timeout' || !healthyFor(state, moment);
}

function healthyFor(state: WatcherState, moment: Moment): boolean {
  return state.phase === 'watching' && moment.now - state.watchedSinceMs >= HEALTHY_WATCH_MS;
}

function list<T extends KubeObject>(state: WatcherState, outputs: readonly WatcherOutput<T>[], continueToken: string | undefined): Turn<T> {
  const version = state.quorum ? undefined : state.version;
  const asked: WatcherOutput<T>[] = continueToken === undefined ? [{ kind: 'asked', quorum: state.quorum }] : [];
  return { state: { ...state, phase: 'listing' }, outputs: [...outputs, ...asked], action: { kind: 'list', version, continueToken } };
}

function watch<T extends KubeObject>(state: WatcherState, outputs: readonly WatcherOutput<T>[], moment: Moment): Turn<T> {
  const timeoutSeconds = WATCH_MIN_SECONDS + Math.floor(moment.chance * WATCH_SPREAD_SECONDS);
  const silenceMs = state.bookmarks ? BOOKMARK_SILENCE_MS : timeoutSeconds * 1000 + GRACE_MS;
  return {
    state: { ...state, phase: 'watching', heard: false, watchedSinceMs: moment.now },
    outputs,
    action: { kind: 'watch', version: state.version ?? '', timeoutSeconds, silenceMs },
  };
}

function wait<T extends KubeObject>(
  state: WatcherState,
  next: 'list' | 'watch',
  moment: Moment & { readonly atLeastMs?: number },
): Turn<T> {
  const backoff = Math.min(BACKOFF_START_MS * 2 ** Math.min(state.failures, 16), BACKOFF_MAX_MS) * (1 + moment.chance);
  const ms = Math.max(backoff, moment.atLeastMs ?? 0);
  return { state: { ...state, phase: 'waiting', next, failures: state.failures + 1 }, outputs: [], action: { kind: 'wait', ms } };
}
