/** A state of the content loop, with named overrides: a dynamic content with its class, nothing done yet. */
import type { ContentState } from '../content/state.ts';
import { DRIVER, EPOCH_MS, aClass, aContent } from './objects.ts';

export function aContentState(more: Partial<ContentState> = {}): ContentState {
  return {
    now: EPOCH_MS,
    rules: {
      driverName: DRIVER,
      snapshotNamePrefix: 'snapshot',
      snapshotNameUuidLength: -1,
      extraCreateMetadata: false,
      readyPollMinMs: 1000,
      readyPollMaxMs: 300_000,
    },
    content: aContent(),
    snapshotClass: aClass(),
    listsSnapshots: true,
    calls: { kind: 'none' },
    answer: undefined,
    secret: undefined,
    gone: false,
    ...more,
  };
}
