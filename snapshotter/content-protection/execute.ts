/** One effect of this loop at the API server. */
import { orNothing } from '../../lib/kube/api-error.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { VOLUME_SNAPSHOTS, VOLUME_SNAPSHOT_CONTENTS } from '../../lib/kube/resources.ts';
import type { ApplyWrite } from '../apply-write.ts';
import type { ContentProtectionAnswer, ContentProtectionEffect, ContentProtectionState } from './state.ts';

export interface ContentProtectionExecuteDeps {
  readonly client: KubeClient;
  readonly applyWrite: ApplyWrite;
}

export async function execute(
  { client, applyWrite }: ContentProtectionExecuteDeps,
  step: ContentProtectionEffect,
  { state: { content }, signal }: { readonly state: ContentProtectionState; readonly signal: AbortSignal },
): Promise<ContentProtectionAnswer> {
  const name = content.metadata?.name ?? '';
  const written = (object: VolumeSnapshotContent | undefined): ContentProtectionAnswer => {
    if (object !== undefined) applyWrite(VOLUME_SNAPSHOT_CONTENTS, object);
    return { kind: 'content', object };
  };
  switch (step.kind) {
    case 'protect-content':
    case 'mark-content':
      return written(await client.patch(VOLUME_SNAPSHOT_CONTENTS, { name }, { patch: step.patch, signal }));
    case 'delete-content': {
      const { uid, resourceVersion } = step;
      const asSeen = resourceVersion === undefined ? {} : { resourceVersion };
      return written(await orNothing(client.delete(VOLUME_SNAPSHOT_CONTENTS, { name }, { signal, uid, ...asSeen })));
    }
    case 'see-snapshot': {
      const { namespace, name: snapshotName = '', uid } = content.spec?.volumeSnapshotRef ?? {};
      const snapshot = await orNothing(client.get(VOLUME_SNAPSHOTS, { namespace, name: snapshotName }, signal));
      // One of another uid may name it all the same: a backup was restored.
      const named = [snapshot?.spec?.source?.volumeSnapshotContentName, snapshot?.status?.boundVolumeSnapshotContentName];
      return { kind: 'snapshot', found: snapshot?.metadata?.uid === uid || named.includes(name) };
    }
    default:
      return step satisfies never;
  }
}

export function absorb(state: ContentProtectionState, _: ContentProtectionEffect, answer: ContentProtectionAnswer): ContentProtectionState {
  if (answer.kind === 'snapshot') return { ...state, snapshot: answer.found ? 'there' : 'gone' };
  if (answer.object?.metadata?.uid !== state.content.metadata?.uid) return { ...state, gone: true };
  return { ...state, content: answer.object ?? state.content };
}
