/** Claims, and where they say that they are filled from. */
import type { PersistentVolumeClaim } from '../../../lib/kube/objects.ts';
import type { SeededRandom } from '../../simulation/seeded-random.ts';
import { BETA_PROVISIONER, type Place, PROVISIONER, SELECTED_NODE, SIDE } from './parts.ts';
import { SNAPSHOTS, SOURCE_CLAIMS } from './sources.ts';

export function drawClaim(
  random: SeededRandom,
  { name: world, driver, namespace, classes, nodeNames, index }: Place & { readonly index: number },
): PersistentVolumeClaim {
  const storageClass = random.pick(classes);
  const late = storageClass.volumeBindingMode === 'WaitForFirstConsumer';
  const annotations: Record<string, string> = {};
  annotations[random.chance(0.85) ? PROVISIONER : BETA_PROVISIONER] = random.chance(0.97) ? driver : 'other.csi.example';
  if (random.chance(late ? 0.85 : 0.1))
    annotations[SELECTED_NODE] = random.chance(0.95) && nodeNames.length > 0 ? random.pick(nodeNames) : `${world}-gone`;
  if (random.chance(0.3)) annotations['team'] = 'blue';
  const modes = random.pick([
    ['ReadWriteOnce'],
    ['ReadWriteOnce'],
    ['ReadWriteOncePod'],
    ['ReadOnlyMany'],
    ['ReadWriteMany'],
    ['ReadWriteOnce', 'ReadOnlyMany'],
  ]);
  const attributes = random.chance(0.2) ? random.pick(['gold', 'gold', 'gold', 'foreign', 'missing']) : undefined;
  return {
    metadata: {
      name: random.pick([
        `data-web-${index}`,
        `log-web-${index}`,
        `claim-${index}`,
        `c${index}-007`,
        `c${index}-4294967296`,
        `web-${index}`,
      ]),
      namespace,
      annotations,
      labels: { app: 'x' },
    },
    spec: {
      accessModes: modes,
      storageClassName: random.chance(0.97) ? (storageClass.metadata?.name ?? '') : `${world}-missing-${SIDE}`,
      resources: { requests: { storage: random.pick(['1Gi', '1Gi', '2Gi', '1500M', '1.5Gi', '12e8', '1234567891']) } },
      ...(random.chance(0.8) ? {} : { volumeMode: random.pick(['Block', 'Filesystem']) }),
      ...(random.chance(0.03) ? { selector: { matchLabels: { a: 'b' } } } : {}),
      ...(attributes === undefined ? {} : { volumeAttributesClassName: `${world}-${attributes}-${SIDE}` }),
      ...drawDataSource(random),
    },
  };
}

function drawDataSource(random: SeededRandom): NonNullable<PersistentVolumeClaim['spec']> {
  const kind = random.next();
  if (kind < 0.55) return {};
  const source =
    kind < 0.8
      ? {
          apiGroup: 'snapshot.storage.k8s.io',
          kind: 'VolumeSnapshot',
          name: random.chance(0.5) ? 'ready' : random.pick([...SNAPSHOTS.map(({ name: snapshot }) => snapshot), 'missing']),
        }
      : kind < 0.96
        ? { kind: 'PersistentVolumeClaim', name: random.chance(0.7) ? 'source' : random.pick([...SOURCE_CLAIMS, 'missing']) }
        : { apiGroup: 'populators.example', kind: 'Bucket', name: 'b' };
  return random.chance(0.5) && source.kind !== 'Bucket' ? { dataSource: source } : { dataSourceRef: source };
}
