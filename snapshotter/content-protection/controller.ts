/** The snapshot-controller's controller keyed by VolumeSnapshotContent. One store, one effect: gathered and executed here. */
import { createController } from '../../lib/controller/controller.ts';
import type { Controller } from '../../lib/controller/controller.ts';
import type { Informer } from '../../lib/controller/informer.ts';
import { laneOf } from '../../lib/controller/lane.ts';
import type { LanePace } from '../../lib/controller/lane.ts';
import type { RoleContext } from '../../lib/controller/role.ts';
import type { VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { VOLUME_SNAPSHOT_CONTENTS } from '../../lib/kube/resources.ts';
import type { Absorb } from '../refusal.ts';
import { decide } from './decide.ts';
import type { ContentProtectionEffect, ContentProtectionState } from './state.ts';

export interface ContentProtectionOptions extends LanePace {
  readonly context: RoleContext;
  readonly contents: Informer<VolumeSnapshotContent>;
  readonly absorb: Absorb;
}

export function createContentProtectionController(options: ContentProtectionOptions): Controller {
  const { context, contents } = options;
  const controller = createController<ContentProtectionState, ContentProtectionEffect, VolumeSnapshotContent>({
    ...laneOf(context, options),
    name: 'snapshot-controller-content',
    reconciler: {
      gather: (key) => {
        const content = contents.store.get(key);
        return content === undefined ? undefined : { content };
      },
      decide,
      execute: async ({ patch }, { content }, signal) => {
        const object = await context.client.patch(VOLUME_SNAPSHOT_CONTENTS, { name: content.metadata?.name ?? '' }, { patch, signal });
        options.absorb(VOLUME_SNAPSHOT_CONTENTS, object);
        return object;
      },
      absorb: (_state, _step, content) => ({ content }),
    },
  });
  contents.onEvent(({ key }) => controller.enqueue(key));
  return controller;
}
