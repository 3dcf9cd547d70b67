import { expect, test } from 'vitest';
import { memoryLog } from '../lib/controller/testing/memory-log.ts';
import { ApiError } from '../lib/kube/api-error.ts';
import { readFlags } from '../lib/process/flags.ts';
import type { Gates } from '../lib/process/flag-value.ts';
import { PROVISIONER_FLAGS } from './options.ts';
import { servesAttributesClasses } from './served-kinds.ts';

async function served(answer: unknown, gates = ''): Promise<{ readonly served: boolean; readonly asked: readonly string[] }> {
  const given = gates === '' ? [] : [{ name: 'feature-gates', text: gates }];
  const gate = readFlags(PROVISIONER_FLAGS, given).get('feature-gates') as Gates;
  const asked: string[] = [];
  const raw = (path: string): Promise<unknown> => {
    asked.push(path);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return {
    served: await servesAttributesClasses({ client: { raw }, log: memoryLog(), gate, signal: new AbortController().signal }),
    asked,
  };
}

const list = (...names: string[]): unknown => ({ resources: names.map((name) => ({ name })) });

test('the kind is used where it is served, and left alone where the API server does not know it', async () => {
  expect(await served(list('storageclasses', 'volumeattributesclasses'))).toEqual({ served: true, asked: ['/apis/storage.k8s.io/v1'] });
  expect(await served(list('storageclasses'))).toMatchObject({ served: false });
});

test('whoever switches the gate on gets it, whatever is served', async () => {
  expect(await served(list('storageclasses'), 'VolumeAttributesClass=true')).toEqual({ served: true, asked: [] });
  expect(await served(list('storageclasses'), 'Topology=true')).toMatchObject({ served: false });
});

test('where nobody can say, the gate stands', async () => {
  expect(await served(new ApiError({ status: 403, reason: 'Forbidden', message: 'no', request: 'x' }))).toMatchObject({ served: true });
  expect(await served({})).toMatchObject({ served: true });
});
