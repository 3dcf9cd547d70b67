/**
 * The PV controller: binds claims to volumes, names the provisioner of claims without one, releases
 * volumes of claims that are gone, and takes protection finalizers off. Driven by the store's own
 * changes; one step per turn of the clock, so clients see every state in between.
 */
import type { Clock } from '../../lib/doors/clock.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES } from '../../lib/kube/resources.ts';
import type { LocalClient, ObjectChange } from '../apiserver/local-client.ts';
import { WorkLoop } from '../apiserver/work-loop.ts';
import { decideClaim } from './decide-claim.ts';
import { decideVolume } from './decide-volume.ts';
import { keyOf } from './names.ts';
import { Notices } from './notices.ts';
import { PODS_OF_SANDBOX } from './pods.ts';
import type { Step } from './step.ts';
import { BinderWorld, claimKeys } from './world.ts';

const CLAIM = 'claim:';
const VOLUME = 'volume:';

/** One per sandbox. It holds no state but indexes: a restart would decide the same. */
export class Binder {
  readonly #client: LocalClient;
  readonly #world: BinderWorld;
  readonly #notices: Notices;
  readonly #loop: WorkLoop;
  #unsubscribe: () => void = () => undefined;

  constructor(client: LocalClient, clock: Clock) {
    this.#client = client;
    this.#world = new BinderWorld(client);
    this.#notices = new Notices(client, clock, 'persistentvolume-controller');
    this.#loop = new WorkLoop(clock, (key) => this.#work(key));
  }

  start(): void {
    this.#unsubscribe = this.#client.subscribe((change) => this.#note(change));
    for (const object of this.#client.list(PODS_OF_SANDBOX)) this.#note({ kind: 'Pod', object, deleted: false });
    for (const object of this.#client.list(PERSISTENT_VOLUMES)) this.#note({ kind: 'PersistentVolume', object, deleted: false });
    for (const object of this.#client.list(PERSISTENT_VOLUME_CLAIMS)) this.#note({ kind: 'PersistentVolumeClaim', object, deleted: false });
    this.#loop.start();
  }

  stop(): void {
    this.#unsubscribe();
    this.#loop.stop();
  }

  /** Wakes whatever a change may concern. */
  #note(change: ObjectChange): void {
    const { kind, object, deleted } = change;
    switch (kind) {
      case 'PersistentVolume':
        this.#world.note(change);
        this.#noteVolume(object, deleted);
        break;
      case 'PersistentVolumeClaim':
        this.#world.note(change);
        this.#loop.wake(CLAIM + keyOf(object));
        for (const name of this.#world.volumesOf(keyOf(object))) this.#loop.wake(VOLUME + name);
        break;
      case 'Pod':
        this.#world.note(change);
        for (const key of claimKeys(object)) this.#loop.wake(CLAIM + key);
        break;
      case 'StorageClass':
        this.#wakePending();
        break;
      default:
        return;
    }
    if (deleted) this.#notices.forget(object);
  }

  #noteVolume(volume: PersistentVolume, deleted: boolean): void {
    this.#loop.wake(VOLUME + keyOf(volume));
    const reference = volume.spec?.claimRef;
    if (reference !== undefined) this.#loop.wake(`${CLAIM}${reference.namespace ?? ''}/${reference.name ?? ''}`);
    else if (!deleted && volume.status?.phase === 'Available') this.#wakePending();
  }

  #wakePending(): void {
    for (const key of this.#world.pendingClaims()) this.#loop.wake(CLAIM + key);
  }

  #work(key: string): void {
    if (key.startsWith(CLAIM)) {
      const claim = this.#world.claim(key.slice(CLAIM.length));
      if (claim !== undefined) this.#carryOut(decideClaim(claim, this.#world), { kind: 'PersistentVolumeClaim', object: claim });
    } else {
      const volume = this.#world.volume(key.slice(VOLUME.length));
      if (volume !== undefined) this.#carryOut(decideVolume(volume, this.#world), { kind: 'PersistentVolume', object: volume });
    }
  }

  #carryOut(step: Step, about: { readonly kind: string; readonly object: PersistentVolumeClaim | PersistentVolume }): void {
    switch (step.kind) {
      case 'rest':
        break;
      case 'claim':
        this.#client.update(PERSISTENT_VOLUME_CLAIMS, step.claim);
        break;
      case 'claim-status':
        this.#client.update(PERSISTENT_VOLUME_CLAIMS, step.claim, 'status');
        break;
      case 'volume':
        this.#client.update(PERSISTENT_VOLUMES, step.volume);
        break;
      case 'volume-status':
        this.#client.update(PERSISTENT_VOLUMES, step.volume, 'status');
        break;
    }
    if ('notice' in step && step.notice !== undefined) this.#notices.say({ ...about, apiVersion: 'v1' }, step.notice);
  }
}
