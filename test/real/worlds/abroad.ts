/** Sources in another namespace than their claims', and the grants that fit, nearly fit, or are not there. */
import type { PersistentVolumeClaim, ReferenceGrant } from '../../../lib/kube/objects.ts';
import { REFERENCE_GRANTS } from '../../../lib/kube/resources.ts';
import type { SeededRandom } from '../../simulation/seeded-random.ts';
import { type MadeObject, type Place, SIDE } from './parts.ts';
import { drawSources } from './sources.ts';

interface Abroad {
  readonly flags: readonly string[];
  /** None where no claim is filled from there. */
  readonly objects: readonly MadeObject[];
  /** Those of the world, some of which are filled from abroad now. */
  readonly claims: readonly PersistentVolumeClaim[];
}

type SourceRef = NonNullable<NonNullable<PersistentVolumeClaim['spec']>['dataSourceRef']>;

const SNAPSHOT: SourceRef = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'ready' };
const CLAIM: SourceRef = { kind: 'PersistentVolumeClaim', name: 'source' };
const BUCKET: SourceRef = { apiGroup: 'populators.example', kind: 'Bucket', name: 'b' };

/** The namespace of the sources abroad of a world. */
export function abroadIn(world: string): string {
  return `${world}-abroad-${SIDE}`;
}

export function drawAbroad(random: SeededRandom, place: Place, claims: readonly PersistentVolumeClaim[]): Abroad {
  const isOn = random.chance(0.4);
  const namespace = abroadIn(place.name);
  const sources = drawSources(random, { ...place, name: `${place.name}-abroad`, namespace });
  const grants = [SNAPSHOT, CLAIM, BUCKET].flatMap((source) => drawGrant(random, source, { at: namespace, home: place.namespace }));
  const filled = claims.map((claim) => (random.chance(isOn ? 0.5 : 0.05) ? filledFrom(random, claim, namespace) : claim));
  const isUsed = filled.some(({ spec }) => spec?.dataSourceRef?.namespace === namespace);
  return {
    flags: isOn ? ['--feature-gates=CrossNamespaceVolumeDataSource=true'] : [],
    objects: isUsed ? [...sources, ...grants.map((object) => ({ resource: REFERENCE_GRANTS, object }))] : [],
    claims: filled,
  };
}

function filledFrom(random: SeededRandom, { metadata, spec }: PersistentVolumeClaim, abroad: string): PersistentVolumeClaim {
  const { dataSource, dataSourceRef, ...rest } = spec ?? {};
  const source = dataSource ?? dataSourceRef ?? random.pick([SNAPSHOT, CLAIM]);
  const namespace = random.chance(0.92) ? abroad : (metadata?.namespace ?? '');
  return { ...(metadata === undefined ? {} : { metadata }), spec: { ...rest, dataSourceRef: { ...source, namespace } } };
}

/** `at`: where the source is; `home`: where the claims are. */
function drawGrant(
  random: SeededRandom,
  { apiGroup: group = '', kind = '', name = '' }: SourceRef,
  { at, home }: { readonly at: string; readonly home: string },
): readonly ReferenceGrant[] {
  const from = { group: '', kind: 'PersistentVolumeClaim', namespace: home };
  const to = { group, kind };
  const grant = (spec: NonNullable<ReferenceGrant['spec']>, namespace = at): ReferenceGrant => ({
    metadata: { name: `to-${kind.toLowerCase()}`, namespace },
    spec,
  });
  const all = grant({ from: [from], to: [to] });
  return random.pick([
    [all],
    [all],
    [all],
    [
      grant({
        from: [{ ...from, namespace: 'elsewhere' }, from],
        to: [
          { ...to, name: 'other' },
          { ...to, name },
        ],
      }),
    ],
    [grant({ from: [from], to: [{ ...to, name: 'other' }] })],
    [grant({ from: [{ ...from, namespace: 'elsewhere' }], to: [to] })],
    [grant({ from: [{ ...from, kind: 'Pod' }], to: [to] })],
    [grant({ from: [{ ...from, group: 'other.example' }], to: [to] })],
    [grant({ from: [from], to: [{ ...to, group: 'other.example' }] })],
    [grant({ from: [from], to: [{ ...to, kind: 'Secret' }] })],
    [grant({ from: [from], to: [to] }, home)],
    [],
  ]);
}
