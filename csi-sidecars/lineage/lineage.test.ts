import { describe, expect, test } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim, VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { paintFor } from '../frame/screen.ts';
import type { LineageObjects } from './build.ts';
import { buildNodes, growTrees } from './build.ts';
import { chooseFamily } from './choose.ts';
import { lineageMermaid } from './mermaid.ts';
import { lineagePage } from './page.ts';
import { age, lineageText } from './text.ts';

const NOW = Date.parse('2026-01-03T00:00:00Z');
const creationTimestamp = '2026-01-01T00:00:00Z';
const paint = paintFor({ colours: false });

function claim(
  name: string,
  { source, volumeName = `pv-${name}` }: { source?: [string, string]; volumeName?: string } = {},
): PersistentVolumeClaim {
  return {
    metadata: { namespace: 'ns', name, creationTimestamp },
    spec: { volumeName, ...(source === undefined ? {} : { dataSourceRef: { kind: source[0], name: source[1] } }) },
    status: { phase: 'Bound', capacity: { storage: '1Gi' } },
  };
}
function volume(name: string): PersistentVolume {
  return { metadata: { name, creationTimestamp }, spec: { csi: { driver: 'd', volumeHandle: `h-${name}` } }, status: { phase: 'Bound' } };
}
function snapshot(name: string, claimName: string): VolumeSnapshot {
  return {
    metadata: { namespace: 'ns', name, creationTimestamp },
    spec: { source: { persistentVolumeClaimName: claimName } },
    status: { boundVolumeSnapshotContentName: `content-${name}`, readyToUse: true, restoreSize: '1Gi' },
  };
}
function content(name: string, volumeHandle: string): VolumeSnapshotContent {
  return { metadata: { name }, spec: { driver: 'd', source: { volumeHandle } }, status: { snapshotHandle: `s-${name}` } };
}

const FAMILY: LineageObjects = {
  claims: [
    claim('data'),
    claim('restored', { source: ['VolumeSnapshot', 'cut'] }),
    claim('cloned', { source: ['PersistentVolumeClaim', 'data'] }),
    claim('other'),
  ],
  volumes: ['data', 'restored', 'cloned', 'other'].map((name) => volume(`pv-${name}`)),
  snapshots: [snapshot('cut', 'data')],
  contents: [content('content-cut', 'h-pv-data')],
};

describe('text', () => {
  test('each object stands below what it came from', () => {
    const lines = lineageText(growTrees(buildNodes(FAMILY)), { nowMs: NOW, paint, seesAll: true });
    expect(lines.slice(1).map((line) => line.split(/ {2}(?! *[└├])/)[0])).toEqual([
      'PersistentVolumeClaim ns/data',
      '├─ PersistentVolumeClaim ns/cloned',
      '└─ VolumeSnapshot ns/cut',
      '   └─ PersistentVolumeClaim ns/restored',
      'PersistentVolumeClaim ns/other',
    ]);
    expect(lines[1]).toMatch(/Bound +1Gi +2d +pv-data h-pv-data$/);
  });

  test('clones of clones, 20,000 deep, are drawn, and no line grows with the depth', () => {
    const count = 20_000;
    const claims = Array.from({ length: count }, (_, at) =>
      claim(
        `c${String(at).padStart(5, '0')}`,
        at === 0 ? {} : { source: ['PersistentVolumeClaim', `c${String(at - 1).padStart(5, '0')}`] },
      ),
    );
    const nodes = chooseFamily(buildNodes({ claims, volumes: [], snapshots: [], contents: [] }), 'pvc/c00000', 'ns');
    const lines = lineageText(growTrees(nodes), { nowMs: NOW, paint, seesAll: true });
    expect(lines).toHaveLength(count + 1);
    expect(lines[33]).toContain('└─ PersistentVolumeClaim ns/c00032');
    expect(lines[count]).toContain(' 19999 deep: PersistentVolumeClaim ns/c19999');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(250);
  });

  test('ages are as kubectl has them', () => {
    expect(
      ['2026-01-01T00:00:00Z', '2026-01-02T20:00:00Z', '2026-01-02T23:50:00Z', '2026-01-02T23:59:01Z', ''].map((at) => age(at, NOW)),
    ).toEqual(['2d', '4h', '10m', '59s', '']);
  });
});

describe('what is missing', () => {
  test('a source that is gone is said to be', () => {
    const nodes = buildNodes({ ...FAMILY, snapshots: [], contents: [] });
    expect(nodes.find(({ id }) => id === 'snapshot/ns/cut')).toMatchObject({ state: 'gone', kind: 'VolumeSnapshot' });
    expect(nodes.find(({ id }) => id === 'claim/ns/restored')).toMatchObject({ parent: 'snapshot/ns/cut' });
  });

  test('a claim made anew under the old name is not what the snapshot was cut from', () => {
    const nodes = buildNodes({ ...FAMILY, contents: [content('content-cut', 'h-of-the-old-volume')] });
    expect(nodes.find(({ id }) => id === 'snapshot/ns/cut')?.parent).toBe('gone/volume h-of-the-old-volume');
  });

  test('a PV without a claim and a content without a snapshot are shown by themselves, the content below its volume', () => {
    const nodes = buildNodes({ claims: [], volumes: [volume('left')], snapshots: [], contents: [content('kept', 'h-left')] });
    expect(nodes).toMatchObject([
      { id: 'volume/left', parent: undefined },
      { id: 'content/kept', parent: 'volume/left' },
    ]);
  });

  test('claims that are made from each other are drawn once', () => {
    const claims = [claim('a', { source: ['PersistentVolumeClaim', 'b'] }), claim('b', { source: ['PersistentVolumeClaim', 'a'] })];
    const trees = growTrees(buildNodes({ claims, volumes: [], snapshots: [], contents: [] }));
    expect(trees).toHaveLength(1);
    expect(trees[0]?.children).toHaveLength(1);
  });
});

describe('one object', () => {
  const idsOf = (word: string): string[] => chooseFamily(buildNodes(FAMILY), word, 'ns').map(({ id }) => id);
  test('has its ancestors and all that came from it, and no siblings', () => {
    expect(idsOf('volumesnapshot/cut').sort()).toEqual(['claim/ns/data', 'claim/ns/restored', 'snapshot/ns/cut']);
  });
  test('is found by its PV and its content, too', () => {
    expect(idsOf('pv/pv-restored')).toContain('claim/ns/restored');
    expect(idsOf('vsc/content-cut')).toContain('snapshot/ns/cut');
  });
  test('that is not there is told with the nearest name', () => {
    expect(() => idsOf('pvc/dta')).toThrow('there is no pvc dta in namespace ns: did you mean data?');
    expect(() => idsOf('pod/data')).toThrow('is no KIND/NAME');
  });
});

test('Mermaid has a box for each object and an arrow to what came from it; no name can leave its box', () => {
  const lines = lineageMermaid(buildNodes({ ...FAMILY, claims: [claim('a"]; click x'), ...FAMILY.claims] }));
  expect(lines[0]).toBe('graph LR');
  expect(lines.filter((line) => line.includes('-->'))).toHaveLength(3);
  expect(lines.join('\n')).toContain('a#quot;]; click x');
});

test('the page holds every object as data, and no name becomes markup', () => {
  const page = lineagePage(buildNodes({ ...FAMILY, claims: [claim('</script><b>')] }), NOW);
  const data = /<script type="application\/json" id="data">(.*)<\/script>/.exec(page)?.[1] ?? '';
  expect((JSON.parse(data) as { nodes: unknown[] }).nodes.length).toBeGreaterThan(3);
  expect(page).not.toContain('<b>');
});
