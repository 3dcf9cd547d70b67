/** `csi-sidecars lineage [KIND/NAME] [--format=text|mermaid|html]`: what became of what. It reads and nothing else. */
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import type { Flag } from '../../lib/process/flag.ts';
import { KUBECONFIG_FLAG, namespaceFlag, withCluster } from '../frame/cluster.ts';
import { startProgress } from '../frame/progress.ts';
import { defineVerb } from '../frame/verb.ts';
import { listVisible, readOnly, type ReadOnlyClient } from '../reading/read-only-client.ts';
import type { LineageObjects } from './build.ts';
import { buildNodes, growTrees } from './build.ts';
import { chooseFamily } from './choose.ts';
import { lineageMermaid } from './mermaid.ts';
import { lineagePage } from './page.ts';
import { lineageText } from './text.ts';

const FLAGS = [
  KUBECONFIG_FLAG,
  namespaceFlag('Namespace of KIND/NAME'),
  {
    name: 'format',
    type: 'string',
    default: 'text',
    choices: ['text', 'mermaid', 'html'],
    help: 'mermaid: a graph for Markdown. html: one page with search and folding, to be written to a file.',
    origin: 'ours',
  },
] as const satisfies readonly Flag[];

export const LINEAGE = defineVerb({
  name: 'lineage',
  about: 'draws what became of what: claims, volumes, snapshots, restores and clones',
  example: 'csi-sidecars lineage pvc/data -n team',
  operand: { name: 'KIND/NAME', required: false },
  schemaVersion: 1,
  flags: FLAGS,
  run: async (input) => {
    const { operand, options, doors, screen, signal } = input;
    const progress = startProgress(screen, doors.clock);
    const { objects, namespace } = await withCluster(input, { ...options, verb: 'lineage' }, async (cluster) => ({
      objects: await readObjects(readOnly(cluster.client), { say: progress.say, signal }),
      namespace: cluster.namespace,
    })).finally(progress.end);
    const all = buildNodes(objects);
    const nodes = operand === undefined ? all : chooseFamily(all, operand, namespace);
    const nowMs = doors.clock.now();
    return {
      found: objects.blind.length > 0,
      json: { nodes, blind: objects.blind },
      lines: (paint) => {
        switch (options.format) {
          case 'mermaid':
            return lineageMermaid(nodes);
          case 'html':
            return [lineagePage(nodes, nowMs)];
          default:
            return [
              ...lineageText(growTrees(nodes), { nowMs, paint, seesAll: objects.blind.length === 0 }),
              ...objects.blind.map(paint.warn),
            ];
        }
      },
    };
  },
});

async function readObjects(
  client: ReadOnlyClient,
  reading: { readonly say: (text: string) => void; readonly signal: AbortSignal },
): Promise<LineageObjects & { readonly blind: readonly string[] }> {
  const blind: string[] = [];
  const read = async <T extends KubeObject>(resource: Resource<T>): Promise<readonly T[]> => {
    const listed = await listVisible(client, resource, reading);
    // A cluster without the snapshot kinds has no snapshots.
    if (listed.blind?.reason === 'forbidden') blind.push(listed.blind.message);
    return listed.items;
  };
  return {
    claims: await read(PERSISTENT_VOLUME_CLAIMS),
    volumes: await read(PERSISTENT_VOLUMES),
    snapshots: await read(VOLUME_SNAPSHOTS),
    contents: await read(VOLUME_SNAPSHOT_CONTENTS),
    blind,
  };
}
