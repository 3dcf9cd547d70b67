/** What is told about a claim. Nothing for a claim that is gone: nobody would find it. */
import type { EventNote } from '../../lib/controller/step.ts';
import type { PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS } from '../../lib/kube/resources.ts';
import { type EventWords, notice, warning } from '../../lib/sidecar/event-notes.ts';
import { REASON } from './names.ts';

/** As much of a state as says whom to tell. */
interface AboutClaim {
  readonly claim: PersistentVolumeClaim | undefined;
}

export function claimNotice({ claim }: AboutClaim, words: EventWords): readonly EventNote[] {
  return claim === undefined ? [] : [notice(PERSISTENT_VOLUME_CLAIMS, claim, words)];
}

export function claimWarning({ claim }: AboutClaim, words: EventWords): readonly EventNote[] {
  return claim === undefined ? [] : [warning(PERSISTENT_VOLUME_CLAIMS, claim, words)];
}

export function provisioningFailed({ claim }: AboutClaim, why: string): readonly EventNote[] {
  return claimWarning({ claim }, { reason: REASON.failed, message: why });
}
