/** Events of the controllers inside the sandbox. The same words about the same object are said once. */
import type { Clock } from '../../lib/doors/clock.ts';
import type { CoreEvent, KubeObject } from '../../lib/kube/objects.ts';
import { EVENTS } from '../../lib/kube/resources.ts';
import type { LocalClient } from '../apiserver/local-client.ts';
import { StatusError } from '../apiserver/status.ts';
import { timestamp } from '../apiserver/verbs/write.ts';
import type { Notice } from './step.ts';

/** What an Event is about. */
export interface Regarding {
  readonly kind: string;
  readonly apiVersion: string;
  readonly object: KubeObject;
}

/** Writes Events as one component; a failure to write one is nobody's business. */
export class Notices {
  readonly #client: LocalClient;
  readonly #clock: Clock;
  readonly #component: string;
  /** uid → what was said last, by reason. */
  readonly #said = new Map<string, Map<string, string>>();
  #count = 0;

  constructor(client: LocalClient, clock: Clock, component: string) {
    this.#client = client;
    this.#clock = clock;
    this.#component = component;
  }

  /** Cluster-scoped objects are spoken of in the namespace `default`. */
  say({ kind, apiVersion, object }: Regarding, notice: Notice): void {
    const { name = '', namespace = 'default', uid = '', resourceVersion = '' } = object.metadata ?? {};
    const said = this.#said.get(uid) ?? new Map<string, string>();
    if (said.get(notice.reason) === notice.message) return;
    this.#said.set(uid, said.set(notice.reason, notice.message));
    this.#count += 1;
    const now = timestamp(this.#clock.now());
    const event: CoreEvent = {
      metadata: { name: `${name}.${this.#clock.now().toString(16)}${this.#count.toString(16).padStart(4, '0')}`, namespace },
      involvedObject: { kind, apiVersion, name, uid, resourceVersion, ...(object.metadata?.namespace === undefined ? {} : { namespace }) },
      reason: notice.reason,
      message: notice.message,
      type: notice.type,
      source: { component: this.#component },
      reportingComponent: this.#component,
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    };
    try {
      this.#client.create(EVENTS, event);
    } catch (error) {
      // A namespace that is going takes no events. They are never in the way of anything.
      if (!(error instanceof StatusError)) throw error;
    }
  }

  /** Forgets an object that is gone. */
  forget(object: KubeObject): void {
    this.#said.delete(object.metadata?.uid ?? '');
  }
}
