/** Reads the stores for one content. */
import type { Store } from '../../lib/controller/store.ts';
import type { Driver } from '../../lib/csi/capabilities.ts';
import type { Clock } from '../../lib/doors/clock.ts';
import { readCalls } from './create-calls.ts';
import type { Content, ContentClass, ContentKind } from './kind.ts';
import type { ContentMemory, ContentSettings, ContentState } from './state.ts';

export interface ContentGatherDeps<C extends Content> {
  readonly kind: ContentKind<C>;
  readonly contents: Store<C>;
  readonly classes: Store<ContentClass>;
  readonly settings: ContentSettings;
  readonly clock: Clock;
  readonly driver: Pick<Driver, 'identity'>;
  readonly memory: Pick<ContentMemory, 'get'>;
}

export function gather<C extends Content>(deps: ContentGatherDeps<C>, key: string): ContentState<C> | undefined {
  const { kind, contents, classes, settings, clock, driver, memory } = deps;
  const content = contents.get(key);
  if (content === undefined) return undefined;
  const remembered = memory.get(content.metadata?.uid ?? '');
  const { className } = kind.read(content);
  return {
    kind,
    now: clock.now(),
    settings,
    content,
    snapshotClass: className === undefined ? undefined : classes.get(className),
    answersQuestions: kind.answersQuestions(driver.identity()),
    lacks: kind.lacks(driver.identity()),
    calls: remembered?.calls ?? readCalls(kind, content, clock.now()),
    answer: remembered?.answer,
    secret: undefined,
    gone: false,
  };
}
