import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { repositoryRoot } from '../harness/repository.ts';
import { eventually } from '../harness/wait.ts';
import { at } from './lab.ts';
import { paths } from './objects.ts';
import type { ServerUnderTest } from './lab.ts';

/** The CRDs of a folder, each as its object. A kustomization.yaml beside them (upstream has one) is left out. */
export function readCrds(folder: string = join(repositoryRoot(), 'deploy/crds')): object[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml')
    .sort()
    .map((file) => load(readFileSync(join(folder, file), 'utf8')) as object);
}

/** Creates them and waits until every served version answers. */
export async function installCrds(server: ServerUnderTest, crds: readonly object[]): Promise<void> {
  for (const crd of crds) {
    const answer = await server.request({ method: 'POST', path: paths.crds, body: JSON.stringify(crd) });
    if (answer.status !== 201) throw new Error(`${String(at(crd, 'metadata.name'))}: ${answer.status} ${answer.text}`);
  }
  for (const crd of crds) {
    const { group, names } = at(crd, 'spec') as { group: string; names: { plural: string } };
    const served = (at(crd, 'spec.versions') as { name: string; served: boolean }[]).filter((version) => version.served);
    for (const version of served) {
      const path = `/apis/${group}/${version.name}/${names.plural}?limit=1`;
      await eventually(path, async () => ((await server.request({ method: 'GET', path })).status === 200 ? true : undefined), {
        timeoutMs: 30_000,
      });
    }
  }
}
