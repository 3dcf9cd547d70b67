import type { Paint } from '../frame/screen.ts';
import { alignRows } from '../frame/screen.ts';
import type { LineageTree } from './node.ts';

/** A line an object, each below what it came from. */
export function lineageText(trees: readonly LineageTree[], { nowMs, paint, seesAll }: TextOptions): string[] {
  if (trees.length === 0) return [seesAll ? 'There is no claim, volume or snapshot.' : 'No claim, volume or snapshot can be seen.'];
  const rows = trees.flatMap((tree) => rowsOf(tree, nowMs));
  const [head = '', ...lines] = alignRows([['OBJECT', 'STATE', 'SIZE', 'AGE', 'PLACE'], ...rows]);
  return [paint.dim(head), ...lines];
}

export interface TextOptions {
  readonly nowMs: number;
  readonly paint: Paint;
  /** Every kind could be listed. */
  readonly seesAll: boolean;
}

/** Further in, the branches would fill the line. */
const DEEPEST = 32;

interface Drawing {
  readonly tree: LineageTree;
  readonly depth: number;
  /** Before this node's line, and before those below it. */
  readonly lead: string;
  readonly next: string;
}

function rowsOf(root: LineageTree, nowMs: number): string[][] {
  const rows: string[][] = [];
  const todo: Drawing[] = [{ tree: root, depth: 0, lead: '', next: '' }];
  for (let drawing = todo.pop(); drawing !== undefined; drawing = todo.pop()) {
    const { node, children } = drawing.tree;
    rows.push([`${drawing.lead}${node.kind} ${node.name}`, node.state, node.size, age(node.createdAt, nowMs), node.place]);
    for (const [index, child] of [...children.entries()].toReversed()) todo.push(below(drawing, child, index === children.length - 1));
  }
  return rows;
}

function below({ depth, next }: Drawing, tree: LineageTree, isLast: boolean): Drawing {
  if (depth >= DEEPEST) return { tree, depth: depth + 1, lead: `${next}${depth + 1} deep: `, next };
  return { tree, depth: depth + 1, lead: `${next}${isLast ? '└─ ' : '├─ '}`, next: `${next}${isLast ? '   ' : '│  '}` };
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
