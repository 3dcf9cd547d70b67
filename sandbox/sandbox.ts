/**
 * An embedded Kubernetes control plane: API server, PV binder and the volume part of a scheduler, over
 * bytes and without a socket, a wall clock or chance of its own. One seed gives one run.
 *
 * Invariants: a request is applied whole in one turn or not at all; whoever writes (a client, the binder,
 * the scheduler) writes through the same rules and versions; nothing runs before `start()` but requests.
 * Absent on purpose: authorization, webhooks, garbage collection by owner, quota, server-side apply.
 */
import type { Clock } from '../lib/doors/clock.ts';
import type { HttpAnswer, HttpRequest, HttpStream } from '../lib/doors/http.ts';
import { HttpDoorError } from '../lib/doors/http.ts';
import type { Random } from '../lib/doors/random.ts';
import { Catalog } from './apiserver/kinds/catalog.ts';
import { Cleanup } from './apiserver/cleanup.ts';
import { CustomResources } from './apiserver/kinds/crd.ts';
import type { Faults } from './apiserver/faults.ts';
import { FaultSwitches } from './apiserver/faults.ts';
import { builtInKinds } from './apiserver/kinds/builtin.ts';
import { LocalClient } from './apiserver/local-client.ts';
import { SchemaCache } from './apiserver/schema/schema-cache.ts';
import { ApiServer } from './apiserver/server.ts';
import { Storage } from './apiserver/storage.ts';
import { Watches } from './apiserver/verbs/watch.ts';
import { createObject } from './apiserver/verbs/write.ts';
import { Binder } from './binder/binder.ts';
import { Scheduler } from './scheduler/scheduler.ts';

/** What runs beside the API server. Namespace and CRD clean-up belongs to the API server and always runs. */
export type SandboxPart = 'binder' | 'scheduler';

/** Everything the sandbox has from outside. */
export interface SandboxOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly parts: readonly SandboxPart[];
  /** Versions kept for watches and pages, at least. */
  readonly eventWindow?: number;
  /** To be shared by sandboxes that get the same CRDs, one after another: compiled schemas are most of their start. */
  readonly schemas?: SchemaCache;
}

export interface Sandbox {
  /** Any request but a watch. Errors are Status answers; it rejects only for an injected broken connection. */
  handle(request: HttpRequest): Promise<HttpAnswer>;
  /** Any request, the body as chunks; a watch stays open until the signal aborts or its time is over. */
  stream(request: HttpRequest, signal: AbortSignal): Promise<HttpStream>;
  readonly faults: Faults;
  start(): void;
  stop(): void;
}

const DEFAULT_WINDOW = 10_000;

/** Makes a cluster with the namespaces that every cluster has, and nothing else in it. */
export function createSandbox(options: SandboxOptions): Sandbox {
  const { clock, random } = options;
  const storage = new Storage(options.eventWindow ?? DEFAULT_WINDOW);
  const catalog = new Catalog(builtInKinds());
  const customResources = new CustomResources(catalog, options.schemas ?? new SchemaCache());
  catalog.add(customResources.definitionType());
  customResources.follow(storage);
  const watches = new Watches({ storage, clock, random });
  const tools = { storage, catalog, watches, clock, random };
  const server = new ApiServer(tools);
  const client = new LocalClient(tools, catalog);
  const openControllers = () => [
    new Cleanup(tools, catalog),
    ...(options.parts.includes('binder') ? [new Binder(client, clock)] : []),
    ...(options.parts.includes('scheduler') ? [new Scheduler(client, clock)] : []),
  ];
  let controllers = openControllers();
  let running = false;
  const cutWatches: Faults['cutWatches'] = ({ resource, how } = {}) =>
    watches.cut({
      ...(resource === undefined ? {} : { resource }),
      ...(how === 'end' ? {} : { failure: new HttpDoorError('ECONNRESET', 'injected fault: watch cut') }),
    });
  const faults = new FaultSwitches({
    clock,
    random,
    cutWatches,
    expireVersions: () => storage.expire(),
    backup: () => {
      const backup = storage.backup();
      return () => {
        cutWatches({});
        // The controllers know the history that is undone: they begin anew, as those of a real cluster must.
        for (const controller of controllers) controller.stop();
        storage.restore(backup);
        customResources.reload(storage);
        controllers = openControllers();
        if (running) for (const controller of controllers) controller.start();
      };
    },
  });
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
    const type = catalog.find('v1', 'namespaces');
    if (type === undefined) throw new Error('the namespaces kind is not built in');
    createObject(tools, { type, namespace: '', name, subresource: '', dryRun: false }, { metadata: { name } });
  }
  return {
    handle: (request) =>
      faults.apply(
        request,
        () => server.answer(request),
        (answer) => answer,
      ),
    stream: (request, signal) =>
      faults.apply(
        request,
        () => server.stream(request, signal),
        ({ status, headers, body }) => ({ status, headers, chunks: chunksOf(body) }),
      ),
    faults,
    start: () => {
      running = true;
      for (const controller of controllers) controller.start();
    },
    stop: () => {
      running = false;
      for (const controller of controllers) controller.stop();
      watches.cut({});
    },
  };
}

async function* chunksOf(body: Uint8Array): AsyncIterable<Uint8Array> {
  yield body;
}
