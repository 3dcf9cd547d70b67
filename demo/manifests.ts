import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject, Resource } from '../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, PODS, STORAGE_CLASSES, VOLUME_SNAPSHOT_CLASSES, VOLUME_SNAPSHOTS } from '../lib/kube/resources.ts';
import { readManifests } from '../harness/manifests.ts';
import { repositoryRoot } from '../harness/repository.ts';
import type { Kube } from '../harness/kube.ts';

const RESOURCES: readonly Resource<KubeObject>[] = [
  STORAGE_CLASSES,
  VOLUME_SNAPSHOT_CLASSES,
  VOLUME_SNAPSHOTS,
  PERSISTENT_VOLUME_CLAIMS,
  PODS,
];

/** The path of `deploy/examples/10-classes.yaml` for `10`. */
export function exampleFile(number: string): string {
  const folder = join(repositoryRoot(), 'deploy', 'examples');
  const file = readdirSync(folder).find((name) => name.startsWith(`${number}-`));
  if (file === undefined) throw new Error(`deploy/examples has no file ${number}-…`);
  return join(folder, file);
}

/** Creates what the file holds, with the mark that kubectl leaves, so that `kubectl apply` of the same file changes nothing. */
export async function createFrom(kube: Kube, file: string): Promise<void> {
  for (const object of readManifests(file)) {
    const resource = RESOURCES.find(({ kind }) => kind === object.kind);
    if (resource === undefined) throw new Error(`${file}: the demo does not know the kind ${object.kind}`);
    const { annotations = {}, ...metadata } = object.metadata ?? {};
    const applied = goJson({ ...object, metadata: { annotations, ...metadata } });
    const marked = { ...annotations, 'kubectl.kubernetes.io/last-applied-configuration': `${applied}\n` };
    await kube.create(resource, { ...object, metadata: { ...metadata, annotations: marked } });
  }
}

/** As Go prints JSON, since kubectl compares its mark as text: fields in the order of their names, and nothing that HTML would read. */
function goJson(value: unknown): string {
  return JSON.stringify(sorted(value)).replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, field]) => [name, sorted(field)]));
}
