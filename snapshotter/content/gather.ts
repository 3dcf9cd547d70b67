/** Reads the stores for one content. */
import type { Store } from '../../lib/controller/store.ts';
import type { Driver } from '../../lib/csi/capabilities.ts';
import type { Clock } from '../../lib/doors/clock.ts';
import type { VolumeSnapshotClass, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { text } from '../content-facts.ts';
import type { PendingAnswers } from '../pending-answers.ts';
import type { CaseBook } from './case-book.ts';
import type { ContentRules, ContentState, DriverAnswer } from './state.ts';

export interface ContentGatherer {
  readonly contents: Store<VolumeSnapshotContent>;
  readonly classes: Store<VolumeSnapshotClass>;
  readonly rules: ContentRules;
  readonly clock: Clock;
  readonly driver: Pick<Driver, 'identity'>;
  readonly cases: CaseBook;
  /** By content uid. */
  readonly answers: PendingAnswers<DriverAnswer>;
}

export function gather(tools: ContentGatherer, key: string): ContentState | undefined {
  const content = tools.contents.get(key);
  if (content === undefined) return undefined;
  const uid = content.metadata?.uid ?? '';
  const className = text(content.spec?.volumeSnapshotClassName);
  return {
    now: tools.clock.now(),
    rules: tools.rules,
    content,
    snapshotClass: className === undefined ? undefined : tools.classes.get(className),
    listsSnapshots: tools.driver.identity().controller.has('LIST_SNAPSHOTS'),
    record: tools.cases.recordOf(uid),
    answer: tools.answers.get(uid),
    secret: undefined,
    gone: false,
  };
}
