/** What is told of a source that cannot be snapshotted. The Go program looks for it twice, and in other words each time. */
import type { VolumeSnapshot } from '../../lib/kube/objects.ts';
import { REASON } from '../names.ts';
import { noInput, notUpdated, quote } from '../peer-words.ts';
import type { Failure } from './failure.ts';

export interface SourceWords {
  readonly failure: (why: string) => Failure;
  readonly noClaim: (snapshot: VolumeSnapshot, claim: string) => string;
  readonly noCsi: (snapshot: VolumeSnapshot, volume: string) => string;
  /** Around what both say of a volume that is not there. */
  readonly noVolume: (snapshot: VolumeSnapshot, why: string) => string;
}

/** For the default class, which is that of the volume's driver. */
export const FOR_CLASS: SourceWords = {
  failure: (why) => ({ reason: REASON.defaultClass, message: `Failed to set default snapshot class with error ${why}`, keepsReady: true }),
  noClaim: (_, claim) => `failed to retrieve PVC ${claim} from the lister: ${quote(`persistentvolumeclaim ${quote(claim)} not found`)}`,
  noCsi: ({ metadata }) => `snapshotting non-CSI volumes is not supported, snapshot:${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`,
  noVolume: (_, why) => why,
};

export const FOR_CONTENT: SourceWords = {
  failure: contentCreation,
  noClaim: ({ metadata }) => notUpdated(metadata?.name ?? '', 'cannot get claim from snapshot'),
  noCsi: (_, volume) => `cannot find CSI PersistentVolumeSource for volume ${volume}`,
  noVolume: ({ metadata }, why) => noInput(metadata?.name ?? '', why),
};

export function contentCreation(why: string): Failure {
  return { reason: REASON.contentCreation, message: `Failed to create snapshot content with error ${why}` };
}
