import { readdirSync, readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { beforeAll, expect, test } from 'vitest';
import type { HttpRequest } from '../lib/doors/http.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { createSandbox } from '../sandbox/sandbox.ts';
import type { CrdCase } from './crd-cases.ts';
import { CRD_CASES } from './crd-cases.ts';

const MERGE = 'application/merge-patch+json';
const folder = new URL('./crds/', import.meta.url);

interface Answer {
  readonly status: number;
  readonly message: string;
}

let sandbox: Sandbox;

async function ask(
  method: HttpRequest['method'],
  path: string,
  body: { readonly value: unknown; readonly type?: string },
): Promise<Answer> {
  const headers = { 'content-type': body.type ?? 'application/json', accept: 'application/json' };
  const answer = await sandbox.handle({ method, path, headers, body: new TextEncoder().encode(JSON.stringify(body.value)) });
  const text = new TextDecoder().decode(answer.body);
  return { status: answer.status, message: (JSON.parse(text) as { message?: string }).message ?? '' };
}

beforeAll(async () => {
  let ids = 0;
  sandbox = createSandbox({
    clock: { now: () => 0, monotonic: () => 0, setTimer: () => () => undefined },
    random: { next: () => 0.5, uuid: () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}` },
    parts: [],
  });
  sandbox.start();
  for (const file of readdirSync(folder)) {
    const value = load(readFileSync(new URL(file, folder), 'utf8'));
    const { status, message } = await ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { value });
    if (status !== 201) throw new Error(`${file}: ${message}`);
  }
});

/** Creates the object, changes it, and answers the last verdict. */
async function verdictOf({ object, change, status }: CrdCase, name: string): Promise<Answer> {
  const plural = object.kind.toLowerCase() + (object.kind.endsWith('Class') ? 'es' : 's');
  const namespaced = object.kind.endsWith('Snapshot');
  const collection = `/apis/${object.apiVersion}/${namespaced ? 'namespaces/default/' : ''}${plural}`;
  let answer = await ask('POST', collection, { value: { ...object, metadata: { name } } });
  if (change !== undefined && answer.status === 201) answer = await ask('PATCH', `${collection}/${name}`, { value: change, type: MERGE });
  for (const part of status ?? []) answer = await ask('PATCH', `${collection}/${name}/status`, { value: { status: part }, type: MERGE });
  return answer;
}

test.each(CRD_CASES.map((one, index) => [one.name, one, `case-${index}`] as const))('%s', async (_, one, name) => {
  const { status, message } = await verdictOf(one, name);
  if (one.refused === undefined) expect({ status: Math.floor(status / 100), message }).toEqual({ status: 2, message: '' });
  else {
    expect({ status, message }).toMatchObject({ status: 422 });
    expect(message).toContain(one.refused);
  }
});
