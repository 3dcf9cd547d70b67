import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { readCrds } from './crd-files.ts';

test('of files that cannot be read the first is told, whichever is refused soonest', async () => {
  const refused = async (path: string): Promise<never> => {
    await pause(path.includes('_volumesnapshotclasses') ? 20 : 0);
    throw new Error('EACCES');
  };
  const files = { read: refused, exists: refused } as unknown as Parameters<typeof readCrds>[0];
  await expect(readCrds(files, '/crds')).rejects.toThrow('/crds/snapshot.storage.k8s.io_volumesnapshotclasses.yaml cannot be read: EACCES');
});
