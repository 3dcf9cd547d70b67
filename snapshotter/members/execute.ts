/** One effect of a member's loop at the API server. */
import { isAlreadyExists, orNothing } from '../../lib/kube/api-error.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';
import { type GroupSnapshotResources, VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import { splitKey } from '../../lib/controller/store.ts';
import type { ApplyWrite } from '../apply-write.ts';
import { standingOf } from '../membership.ts';
import type { MemberAnswer, MemberEffect, MemberState } from './state.ts';

export interface MemberExecuteDeps {
  readonly client: KubeClient;
  readonly applyWrite: ApplyWrite;
  readonly groupResources: GroupSnapshotResources;
}

export async function execute(
  { client, applyWrite, groupResources }: MemberExecuteDeps,
  step: MemberEffect,
  { state, signal }: { readonly state: MemberState; readonly signal: AbortSignal },
): Promise<MemberAnswer> {
  const { namespace, name } = splitKey(state.key);
  const written = <T extends KubeObject>(resource: Resource<T>, object: T): T => {
    applyWrite(resource, object);
    return object;
  };
  /** One that is there already was made by an earlier life of this loop, or by somebody else: decide judges what is there. */
  const create = async <T extends KubeObject>(resource: Resource<T>, body: T): Promise<T> => {
    try {
      return written(resource, await client.create(resource, body, { signal }));
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const target = { name: body.metadata?.name ?? '', namespace: resource.namespaced ? namespace : undefined };
      return written(resource, await client.get(resource, target, signal));
    }
  };
  switch (step.kind) {
    case 'see-group':
      return { kind: 'group', object: await orNothing(client.get(groupResources.snapshots, { namespace, name: step.name }, signal)) };
    case 'post-snapshot':
      return { kind: 'snapshot', object: await create(VOLUME_SNAPSHOTS, step.snapshot) };
    case 'post-content':
      return { kind: 'content', object: await create(VOLUME_SNAPSHOT_CONTENTS, step.content) };
    case 'rebind-content':
    case 'write-status': {
      const target = { name: state.content?.metadata?.name ?? '' };
      const subresource = step.kind === 'write-status' ? { subresource: 'status' as const } : {};
      const object = await client.patch(VOLUME_SNAPSHOT_CONTENTS, target, { patch: step.patch, signal, ...subresource });
      return { kind: 'content', object: written(VOLUME_SNAPSHOT_CONTENTS, object) };
    }
    case 'delete-snapshot': {
      const object = await orNothing(client.delete(VOLUME_SNAPSHOTS, { namespace, name }, { signal, uid: step.uid }));
      return { kind: 'snapshot', object: object === undefined ? undefined : written(VOLUME_SNAPSHOTS, object) };
    }
    default:
      return step satisfies never;
  }
}

export function absorb(state: MemberState, step: MemberEffect, answer: MemberAnswer): MemberState {
  switch (answer.kind) {
    case 'snapshot':
      // Deleted: nothing is left to do for it in this run, and another of its name is for the next.
      return step.kind === 'delete-snapshot'
        ? { ...state, membership: undefined, snapshot: answer.object }
        : { ...state, snapshot: answer.object };
    case 'content':
      return { ...state, content: answer.object };
    case 'group': {
      const { membership } = state;
      const group = standingOf(answer.object, membership?.uid) ?? 'gone';
      return { ...state, membership: membership === undefined ? undefined : { ...membership, group } };
    }
    default:
      return answer satisfies never;
  }
}
