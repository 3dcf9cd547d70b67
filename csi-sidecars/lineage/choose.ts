import { ConfigError } from '../../lib/errors/config-error.ts';
import { didYouMean } from '../../lib/process/nearest.ts';
import { childrenByParent } from './build.ts';
import type { LineageNode } from './node.ts';

const KINDS: Readonly<Record<string, string>> = {
  pvc: 'claim',
  persistentvolumeclaim: 'claim',
  persistentvolumeclaims: 'claim',
  claim: 'claim',
  pv: 'volume',
  persistentvolume: 'volume',
  persistentvolumes: 'volume',
  volume: 'volume',
  vs: 'snapshot',
  volumesnapshot: 'snapshot',
  volumesnapshots: 'snapshot',
  snapshot: 'snapshot',
  vsc: 'content',
  volumesnapshotcontent: 'content',
  volumesnapshotcontents: 'content',
};

/** Of one object: what it came from, up to the root, and all that came from it. Throws ConfigError, with the nearest name. */
export function chooseFamily(nodes: readonly LineageNode[], word: string, namespace: string): LineageNode[] {
  const [kindWord = '', name = ''] = word.split('/');
  const kind = KINDS[kindWord.toLowerCase().split('.')[0] ?? ''];
  if (kind === undefined || name === '')
    throw new ConfigError(`${word} is no KIND/NAME: write pvc/NAME, pv/NAME, volumesnapshot/NAME or volumesnapshotcontent/NAME`, {
      exitCode: 2,
    });
  const node = nodes.find((each) => isCalled(each, { kind, name, namespace }));
  if (node === undefined) {
    const names = nodes.filter(({ id }) => id.startsWith(`${kind}/`)).map(({ id }) => id.split('/').at(-1) ?? '');
    const where = kind === 'claim' || kind === 'snapshot' ? ` in namespace ${namespace}` : '';
    throw new ConfigError(`there is no ${kindWord} ${name}${where}${didYouMean(name, names)}`);
  }
  const byId = new Map(nodes.map((each) => [each.id, each]));
  const family = new Set<string>();
  for (let at: LineageNode | undefined = node; at !== undefined && !family.has(at.id); at = byId.get(at.parent ?? '')) family.add(at.id);
  const children = childrenByParent(nodes);
  const todo = [...(children.get(node.id) ?? [])];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if (family.has(next.id)) continue;
    family.add(next.id);
    for (const child of children.get(next.id) ?? []) todo.push(child);
  }
  return nodes.filter(({ id }) => family.has(id));
}

/** A bound PV is shown by its claim, a bound content by its snapshot. */
function isCalled(
  node: LineageNode,
  { kind, name, namespace }: { readonly kind: string; readonly name: string; readonly namespace: string },
): boolean {
  const [place] = node.place.split(' ');
  switch (kind) {
    case 'volume':
      return node.id === `volume/${name}` || (node.id.startsWith('claim/') && place === name);
    case 'content':
      return node.id === `content/${name}` || (node.id.startsWith('snapshot/') && place === name);
    default:
      return node.id === `${kind}/${namespace}/${name}`;
  }
}
