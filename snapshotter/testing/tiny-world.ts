/**
 * The loops of both programs over a tiny API server and a tiny driver, in turns and without a clock of their
 * own: an effect can be made to crash, before or after it is done, and a crash loses all memory.
 */
import type { Effect, Reconciler } from '../../lib/controller/step.ts';
import { isRest } from '../../lib/controller/step.ts';
import { isPrecondition } from '../../lib/kube/api-error.ts';
import {
  PERSISTENT_VOLUMES,
  PERSISTENT_VOLUME_CLAIMS,
  VOLUME_SNAPSHOTS,
  VOLUME_SNAPSHOT_CLASSES,
  VOLUME_SNAPSHOT_CONTENTS,
} from '../../lib/kube/resources.ts';
import { CsiError } from '../../lib/csi/csi-error.ts';
import { reconciler as bindingReconciler } from '../binding/controller.ts';
import { RESTORES_INDEX, sourceIn } from '../binding/relations.ts';
import { singleRelations } from '../binding/single-relations.ts';
import { SINGLE } from '../kinds/single-kind.ts';
import { NAMESPACE_INDEX, PROTECTED_INDEX, SNAPSHOT_INDEXES, SOURCE_INDEX, VOLUME_INDEX } from '../snapshot-informers.ts';
import { reconciler as claimReconciler } from '../claim-protection/controller.ts';
import { reconciler as contentReconciler } from '../content/controller.ts';
import { singleCalls } from '../content/single-calls.ts';
import { SINGLE_CONTENT } from '../content/single.ts';
import { reconciler as protectionReconciler } from '../content-protection/controller.ts';
import { CONTENT_NAME, DRIVER, EPOCH_MS, aClaim, aClass, aVolume } from './objects.ts';
import { TinyApi } from './tiny-api.ts';

/** What the storage holds, by name; ready after some calls; may do its work and lose the answer. */
class TinyDriver {
  readonly snapshots = new Map<string, { id: string; asked: number }>();
  readonly calls: string[] = [];
  readyAfter = 1;
  loseAnswers = 0;
  /** The calls after that fail with this code, and make nothing. */
  failsWith: number | undefined;

  readonly csi = {
    createSnapshot: async ({ name }: { name: string }) => {
      this.calls.push('CreateSnapshot');
      if (this.loseAnswers === 0 && this.failsWith !== undefined)
        throw new CsiError({ rpc: 'CreateSnapshot', grpcCode: this.failsWith, message: 'no' });
      const known = this.snapshots.get(name) ?? { id: `snap-${this.calls.length}`, asked: 0 };
      this.snapshots.set(name, { ...known, asked: known.asked + 1 });
      if (this.loseAnswers > 0) {
        this.loseAnswers -= 1;
        throw new CsiError({ rpc: 'CreateSnapshot', grpcCode: 4, message: 'context deadline exceeded' });
      }
      const readyToUse = known.asked + 1 >= this.readyAfter;
      return {
        snapshot: {
          snapshotId: known.id,
          sourceVolumeId: 'vol-1',
          sizeBytes: 1024n,
          creationTime: { seconds: 1_767_225_600n, nanos: 0 },
          readyToUse,
          groupSnapshotId: '',
        },
      };
    },
    deleteSnapshot: async ({ snapshotId }: { snapshotId: string }) => {
      this.calls.push('DeleteSnapshot');
      for (const [name, { id }] of this.snapshots) if (id === snapshotId) this.snapshots.delete(name);
      return {};
    },
    listSnapshots: async () => ({ entries: [], nextToken: '' }),
  };
}

class Crash extends Error {}

/** Runs the loops of both programs in turns; `memory` is what a crash loses. */
export class TinyWorld {
  readonly api = new TinyApi();
  readonly driver = new TinyDriver();
  now = EPOCH_MS;
  /** Effects executed so far, and which of them crashes, before or after it is done. */
  effects = 0;
  crash: { readonly at: number; readonly moment: 'before' | 'after' } | undefined;
  #loops = this.#start();

  constructor() {
    this.api.put(VOLUME_SNAPSHOT_CLASSES, aClass());
    this.api.put(PERSISTENT_VOLUMES, aVolume());
    this.api.put(PERSISTENT_VOLUME_CLAIMS, aClaim());
  }

  #start(): readonly (() => Promise<'done' | 'again'>)[] {
    const { api } = this;
    const clock = { now: () => this.now, monotonic: () => this.now, setTimer: () => () => undefined };
    const client = api.client();
    const stores = {
      snapshots: api.store(VOLUME_SNAPSHOTS, SNAPSHOT_INDEXES),
      contents: api.store(VOLUME_SNAPSHOT_CONTENTS, [SOURCE_INDEX]),
      classes: api.store(VOLUME_SNAPSHOT_CLASSES),
      claims: api.store(PERSISTENT_VOLUME_CLAIMS, [RESTORES_INDEX, NAMESPACE_INDEX, PROTECTED_INDEX]),
      volumes: api.store(PERSISTENT_VOLUMES, [VOLUME_INDEX]),
      nodes: undefined,
    };
    const settings = { preventVolumeModeConversion: true, distributedSnapshotting: false };
    const applyWrite = (): void => undefined;
    const contentSettings = {
      driverName: DRIVER,
      snapshotNamePrefix: 'snapshot',
      snapshotNameUuidLength: -1,
      extraCreateMetadata: false,
      readyPollMinMs: 1000,
      readyPollMaxMs: 10_000,
    };
    const identity = {
      name: DRIVER,
      vendorVersion: '',
      plugin: new Set<string>(),
      controller: new Set(['LIST_SNAPSHOTS']),
      groupController: new Set<string>(),
    };
    const shared = { client, applyWrite, clock, timer: { seen: () => undefined, written: () => undefined, gone: () => undefined } };
    const binding = bindingReconciler({
      ...shared,
      kind: SINGLE,
      groupKind: undefined,
      groupResources: undefined,
      relations: singleRelations({ ...stores, groups: undefined }),
      sourceOf: (one) => sourceIn(stores, one.metadata?.name ?? '', one),
      stores,
      settings,
      refusals: new Map(),
      contentWent: new Set(),
    });
    const content = contentReconciler({
      ...shared,
      kind: SINGLE_CONTENT,
      ...stores,
      settings: contentSettings,
      driver: { identity: () => identity },
      calls: singleCalls(this.driver.csi),
      memory: new Map(),
      gaveUp: () => undefined,
    });
    const protection = protectionReconciler({ ...shared, ...stores, kind: SINGLE, groupOf: () => 'none', alone: new Set() });
    const claim = claimReconciler({ ...shared, ...stores, groups: undefined });
    return [
      () => this.#run('default/nightly', binding),
      () => this.#run(CONTENT_NAME, protection),
      () => this.#run(CONTENT_NAME, content),
      () => this.#run('default/data', claim),
    ];
  }

  async #run<S, E extends Effect, A>(
    key: string,
    { gather, decide, execute, absorb, settled }: Reconciler<S, E, A>,
  ): Promise<'done' | 'again'> {
    const signal = new AbortController().signal;
    let state = (await gather(key, signal)) as S | undefined;
    for (let steps = 0; state !== undefined && steps < 50; steps += 1) {
      const step = decide(state);
      if (isRest(step)) {
        settled?.(key, state, { rest: step, attempt: true });
        return step.kind === 'done' ? 'done' : 'again';
      }
      this.effects += 1;
      const crashes = this.crash?.at === this.effects ? this.crash.moment : undefined;
      if (crashes === 'before') throw new Crash();
      try {
        const answer = await execute(step, state, signal);
        if (crashes === 'after') throw new Crash();
        state = absorb(state, step, answer);
      } catch (error) {
        if (isPrecondition(error)) return 'again';
        throw error;
      }
    }
    if (state !== undefined) throw new Error(`${key} found no rest`);
    return 'done';
  }

  /** Until every loop rests and nothing happened in a whole turn. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 60; turn += 1) if (await this.turn()) return;
    throw new Error('the world found no rest');
  }

  /** Every loop once. True if nothing happened and nothing waits. */
  async turn(): Promise<boolean> {
    const before = this.effects;
    let again = false;
    for (let at = 0; at < this.#loops.length; at += 1) {
      try {
        again = (await this.#loops[at]?.()) === 'again' || again;
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
        this.#loops = this.#start();
        again = true;
      }
    }
    this.now += 1000;
    return !again && this.effects === before;
  }

  snapshot() {
    return this.api.find(VOLUME_SNAPSHOTS, 'default/nightly');
  }
}
