/**
 * `--debug-endpoint`: what only this process knows of the objects in its hands, for `csi-sidecars explain`. One path, GET
 * only, on loopback only: whoever may enter the Pod, or forward a port to it, may read names of objects, volumes and effects.
 */
import type { EntryInspection, Inspectable } from '../controller/inspection.ts';
import type { Clock } from '../doors/clock.ts';
import type { Host, Listener } from '../doors/host.ts';
import type { HttpAnswer, HttpRequest } from '../doors/http.ts';
import { ConfigError } from '../errors/config-error.ts';
import { errorText } from '../errors/error-text.ts';
import { formatTime } from '../kube/time.ts';
import { textAnswer } from './http-answers.ts';

export const DEBUG_PATH = '/debug/objects';
export const DEBUG_SCHEMA = 'csi-sidecars/debug.v1';

/** Body of the answer, as docs/verbs/explain.md describes it. Times are RFC 3339. */
export interface DebugReport {
  readonly schema: string;
  readonly program: string;
  readonly controllers: readonly {
    readonly name: string;
    readonly keys: readonly {
      /** `namespace/name`, a name or a uid, as the controller counts. */
      readonly key: string;
      readonly underWay: { readonly effect: string; readonly since: string } | null;
      readonly heldBack: readonly { readonly effect: string; readonly failures: number; readonly until: string }[];
    }[];
  }[];
  /** What may exist in the storage and is named by no object yet. */
  readonly journal: readonly (Omit<EntryInspection, 'undecidedSinceMs'> & { readonly undecidedSince: string | null })[];
}

/** `127.0.0.1:9999`, `localhost:9999`, `[::1]:9999`. */
export function isLoopback(address: string): boolean {
  const host = /^(.+):\d+$/.exec(address)?.[1];
  return host !== undefined && /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i.test(host);
}

/** What is wrong with the flag's address; undefined where nothing is. What is told there is for whoever is on this machine. */
export function debugAddressFault(address: string): string | undefined {
  if (address === '' || isLoopback(address)) return undefined;
  return `--debug-endpoint=${address}: not a loopback address: give for example 127.0.0.1:9999`;
}

export interface DebugServerOptions {
  readonly host: Pick<Host, 'listen'>;
  readonly clock: Clock;
  readonly address: string;
  readonly program: string;
  /** Both grow while the roles are made. */
  readonly controllers: readonly Inspectable[];
  readonly journals: readonly (() => readonly EntryInspection[])[];
}

export async function startDebugServer(options: DebugServerOptions): Promise<Listener> {
  const { host, address } = options;
  try {
    return await host.listen(address, (request) => Promise.resolve(answer(options, request)));
  } catch (error) {
    throw new ConfigError([`--debug-endpoint=${address}: cannot listen (${errorText(error)}), choose a free port`], { cause: error });
  }
}

function answer(options: DebugServerOptions, { method, path, headers }: HttpRequest): HttpAnswer {
  // A page in a browser may reach loopback under a name of its own.
  if (!isLoopback(withPort(headers['host'] ?? ''))) return textAnswer(403, 'only by a loopback name');
  if (method !== 'GET') return textAnswer(405, 'only GET');
  if (path !== DEBUG_PATH) return textAnswer(404, `only ${DEBUG_PATH}`);
  const body = new TextEncoder().encode(JSON.stringify(reportOf(options)));
  return { status: 200, headers: { 'content-type': 'application/json' }, body };
}

function withPort(host: string): string {
  return /:\d+$/.test(host) ? host : `${host}:80`;
}

function reportOf({ clock, program, controllers, journals }: DebugServerOptions): DebugReport {
  const wall = (monotonicMs: number): string => formatTime(clock.now() + monotonicMs - clock.monotonic());
  return {
    schema: DEBUG_SCHEMA,
    program,
    controllers: controllers.map(({ controller, inspect }) => ({
      name: controller,
      keys: inspect().map(({ key, underWay, heldBack }) => ({
        key,
        underWay: underWay === undefined ? null : { effect: underWay.effect, since: wall(underWay.sinceMs) },
        heldBack: heldBack.map(({ effect, failures, untilMs }) => ({ effect, failures, until: wall(untilMs) })),
      })),
    })),
    journal: journals
      .flatMap((entries) => entries())
      .map(({ undecidedSinceMs, ...entry }) => ({
        ...entry,
        undecidedSince: undecidedSinceMs === undefined ? null : formatTime(undecidedSinceMs),
      })),
  };
}
