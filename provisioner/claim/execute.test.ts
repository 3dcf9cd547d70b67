import { expect, test } from 'vitest';
import type { KubeObject, VolumeSnapshot } from '../../lib/kube/objects.ts';
import { createLedger } from '../ledger.ts';
import { SNAPSHOT_FINALIZER } from '../names.ts';
import { aSnapshot } from '../testing/objects.ts';
import { aState } from '../testing/states.ts';
import { createExecute } from './execute.ts';
import type { ExecuteWorld } from './execute.ts';

const SOURCE = { kind: 'snapshot', namespace: 'default', name: 'monday', uid: 'snap-uid' } as const;

/** A world whose server takes every PUT and gives it the next version. */
function aWorld() {
  const written: (readonly [string | undefined, readonly string[]])[] = [];
  const ledger = createLedger();
  const client = {
    replace: async (_: unknown, body: KubeObject) => {
      written.push([body.metadata?.resourceVersion, body.metadata?.finalizers ?? []]);
      return { ...body, metadata: { ...body.metadata, resourceVersion: String(100 + written.length) } };
    },
  };
  const execute = createExecute({ client, ledger, caches: {} } as unknown as ExecuteWorld);
  const protect = (snapshot: VolumeSnapshot) =>
    execute(
      { kind: 'protect-snapshot', backoff: 'protect-snapshot', inputs: '', source: SOURCE, snapshot },
      aState(),
      new AbortController().signal,
    );
  return { written, ledger, protect };
}

const guarded = aSnapshot({ metadata: { resourceVersion: '7', finalizers: ['other', SNAPSHOT_FINALIZER] } });

test('a finalizer that we are taking away is taken away and put on anew: the removal under way then conflicts', async () => {
  const { written, ledger, protect } = aWorld();
  ledger.releasing.add('snapshot default/monday');
  await protect(guarded);
  expect(written).toEqual([
    ['7', ['other']],
    ['101', ['other', SNAPSHOT_FINALIZER]],
  ]);
  expect(ledger.releasing.size).toBe(0);
});

test('one that nobody takes away, or that is not there, is one write', async () => {
  const { written, ledger, protect } = aWorld();
  await protect(guarded);
  ledger.releasing.add('snapshot default/monday');
  await protect(aSnapshot({ metadata: { resourceVersion: '8', finalizers: ['other'] } }));
  expect(written).toEqual([
    ['7', ['other', SNAPSHOT_FINALIZER]],
    ['8', ['other', SNAPSHOT_FINALIZER]],
  ]);
});
