import type { Paint } from '../frame/screen.ts';
import { alignRows } from '../frame/screen.ts';
import type { LineageTree } from './node.ts';

/** A line an object, each below what it came from. */
export function lineageText(trees: readonly LineageTree[], { nowMs, paint, seesAll }: TextOptions): string[] {
  if (trees.length === 0) return [seesAll ? 'There is no claim, volume or snapshot.' : 'No claim, volume or snapshot can be seen.'];
  const rows = trees.flatMap((tree) => rowsOf(tree, { lead: '', next: '', nowMs }));
  const [head = '', ...lines] = alignRows([['OBJECT', 'STATE', 'SIZE', 'AGE', 'PLACE'], ...rows]);
  return [paint.dim(head), ...lines];
}

export interface TextOptions {
  readonly nowMs: number;
  readonly paint: Paint;
  /** Every kind could be listed. */
  readonly seesAll: boolean;
}

interface Drawing {
  /** Before this node's line, and before those below it. */
  readonly lead: string;
  readonly next: string;
  readonly nowMs: number;
}

function rowsOf({ node, children }: LineageTree, { lead, next, nowMs }: Drawing): string[][] {
  const row = [`${lead}${node.kind} ${node.name}`, node.state, node.size, age(node.createdAt, nowMs), node.place];
  return [
    row,
    ...children.flatMap((child, index) => {
      const last = index === children.length - 1;
      return rowsOf(child, { lead: `${next}${last ? '└─ ' : '├─ '}`, next: `${next}${last ? '   ' : '│  '}`, nowMs });
    }),
  ];
}

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
] as const;

/** `3d`, as kubectl has it; empty where the time is not known. */
export function age(createdAt: string, nowMs: number): string {
  const ms = Date.parse(createdAt);
  if (Number.isNaN(ms)) return '';
  const seconds = Math.max(0, Math.floor((nowMs - ms) / 1000));
  for (const [unit, length] of UNITS) if (seconds >= 2 * length) return `${Math.floor(seconds / length)}${unit}`;
  return `${seconds}s`;
}
