/** Reads the stores for one content. */
import type { Store } from '../../lib/controller/store.ts';
import type { Driver } from '../../lib/csi/capabilities.ts';
import type { Clock } from '../../lib/doors/clock.ts';
import type { VolumeSnapshotClass, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { text } from '../content-accessors.ts';
import { readCalls } from './create-calls.ts';
import type { ContentMemory, ContentRules, ContentState } from './state.ts';

export interface ContentGatherDeps {
  readonly contents: Store<VolumeSnapshotContent>;
  readonly classes: Store<VolumeSnapshotClass>;
  readonly rules: ContentRules;
  readonly clock: Clock;
  readonly driver: Pick<Driver, 'identity'>;
  readonly memory: Pick<ContentMemory, 'get'>;
}

export function gather({ contents, classes, rules, clock, driver, memory }: ContentGatherDeps, key: string): ContentState | undefined {
  const content = contents.get(key);
  if (content === undefined) return undefined;
  const remembered = memory.get(content.metadata?.uid ?? '');
  const className = text(content.spec?.volumeSnapshotClassName);
  return {
    now: clock.now(),
    rules,
    content,
    snapshotClass: className === undefined ? undefined : classes.get(className),
    listsSnapshots: driver.identity().controller.has('LIST_SNAPSHOTS'),
    calls: remembered?.calls ?? readCalls(content, clock.now()),
    answer: remembered?.answer,
    secret: undefined,
    gone: false,
  };
}
