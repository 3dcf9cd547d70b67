/** One effect of this loop at the API server. */
import { orNothing } from '../../lib/kube/api-error.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { ApplyWrite } from '../apply-write.ts';
import type { ContentObject, SnapshotObject } from '../kinds/kind.ts';
import type { ContentProtectionAnswer, ContentProtectionEffect, ContentProtectionState } from './state.ts';

export interface ContentProtectionExecuteDeps {
  readonly client: KubeClient;
  readonly applyWrite: ApplyWrite;
}

export async function execute<S extends SnapshotObject, C extends ContentObject>(
  { client, applyWrite }: ContentProtectionExecuteDeps,
  step: ContentProtectionEffect,
  { state: { kind, content }, signal }: { readonly state: ContentProtectionState<S, C>; readonly signal: AbortSignal },
): Promise<ContentProtectionAnswer<C>> {
  const name = content.metadata?.name ?? '';
  const written = (object: C | undefined): ContentProtectionAnswer<C> => {
    if (object !== undefined) applyWrite(kind.contents, object);
    return { kind: 'content', object };
  };
  switch (step.kind) {
    case 'protect-content':
    case 'mark-content':
      return written(await client.patch(kind.contents, { name }, { patch: step.patch, signal }));
    case 'delete-content': {
      const { uid, resourceVersion } = step;
      const asSeen = resourceVersion === undefined ? {} : { resourceVersion };
      return written(await orNothing(client.delete(kind.contents, { name }, { signal, uid, ...asSeen })));
    }
    case 'see-snapshot': {
      const { namespace, name: snapshotName = '', uid } = kind.referenceOf(content) ?? {};
      const snapshot = await orNothing(client.get(kind.snapshots, { namespace, name: snapshotName }, signal));
      if (snapshot === undefined) return { kind: 'snapshot', found: false };
      // One of another uid may name it all the same: a backup was restored.
      const source = kind.sourceOf(snapshot);
      const named = [source.kind === 'content' ? source.contentName : undefined, kind.boundNameOf(snapshot)];
      return { kind: 'snapshot', found: snapshot.metadata?.uid === uid || named.includes(name) };
    }
    default:
      return step satisfies never;
  }
}

export function absorb<S extends SnapshotObject, C extends ContentObject>(
  state: ContentProtectionState<S, C>,
  _: ContentProtectionEffect,
  answer: ContentProtectionAnswer<C>,
): ContentProtectionState<S, C> {
  if (answer.kind === 'snapshot') return { ...state, snapshot: answer.found ? 'there' : 'gone' };
  if (answer.object?.metadata?.uid !== state.content.metadata?.uid) return { ...state, gone: true };
  return { ...state, content: answer.object ?? state.content };
}
