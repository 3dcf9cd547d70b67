/** A state of the sidecar's loop over a single content, with named overrides. */
import { SINGLE_CONTENT } from '../content/single.ts';
import type { ContentState } from '../content/state.ts';
import { DRIVER, EPOCH_MS, aClass, aContent } from './objects.ts';

export const CONTENT_SETTINGS: ContentState['settings'] = {
  driverName: DRIVER,
  snapshotNamePrefix: 'snapshot',
  snapshotNameUuidLength: -1,
  extraCreateMetadata: false,
  readyPollMinMs: 1000,
  readyPollMaxMs: 300_000,
};

/** A dynamic content with its class, nothing done yet. */
export function aContentState(more: Partial<ContentState> = {}): ContentState {
  return {
    kind: SINGLE_CONTENT,
    now: EPOCH_MS,
    settings: CONTENT_SETTINGS,
    content: aContent(),
    snapshotClass: aClass(),
    answersQuestions: true,
    lacks: undefined,
    calls: { kind: 'none' },
    answer: undefined,
    secret: undefined,
    gone: false,
    ...more,
  };
}
