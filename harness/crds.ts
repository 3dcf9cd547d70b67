import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import type { RawClient } from './raw-http.ts';
import { repositoryRoot } from './repository.ts';
import { eventually } from './wait.ts';

export interface CrdFile {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: readonly { readonly name: string; readonly served: boolean }[];
  };
}

/** The CRDs of a folder, ours by default. A kustomization.yaml beside them (upstream has one) is left out. */
export function readCrds(folder: string = join(repositoryRoot(), 'deploy/crds')): CrdFile[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml')
    .sort()
    .map((file) => readCrd(join(folder, file)));
}

export function readCrd(file: string): CrdFile {
  return load(readFileSync(file, 'utf8')) as CrdFile;
}

/** Creates them and waits until every served version answers. */
export async function installCrds(server: Pick<RawClient, 'request'>, crds: readonly CrdFile[]): Promise<void> {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  for (const crd of crds) {
    const answer = await server.request({ method: 'POST', path, body: JSON.stringify(crd) });
    if (answer.status !== 201) throw new Error(`${crd.metadata.name}: ${answer.status} ${answer.text}`);
  }
  for (const { spec } of crds) {
    for (const version of spec.versions.filter(({ served }) => served)) {
      const list = `/apis/${spec.group}/${version.name}/${spec.names.plural}?limit=1`;
      const isServed = async (): Promise<true | undefined> =>
        (await server.request({ method: 'GET', path: list })).status === 200 ? true : undefined;
      await eventually(`${list} to be served`, isServed, { timeoutMs: 60_000 });
    }
  }
}
