import type { LineageNode } from './node.ts';

/** A graph as Mermaid draws it: an arrow from each object to what came from it. */
export function lineageMermaid(nodes: readonly LineageNode[]): string[] {
  const numbers = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  const boxes = nodes.map(({ id, kind, name, state, size }) => {
    const facts = [state, size].filter((fact) => fact !== '').join(', ');
    return `  ${numbers.get(id) ?? ''}["${label(`${kind} ${name}`)}${facts === '' ? '' : `<br>${label(facts)}`}"]`;
  });
  const arrows = nodes.flatMap(({ id, parent }) =>
    parent === undefined ? [] : [`  ${numbers.get(parent) ?? ''} --> ${numbers.get(id) ?? ''}`],
  );
  return ['graph LR', ...boxes, ...arrows];
}

/** Mermaid reads `#quot;` for a quotation mark, and its own signs otherwise. */
function label(text: string): string {
  return text.replaceAll('#', '#35;').replaceAll('"', '#quot;').replaceAll('<', '#lt;').replaceAll('>', '#gt;').replaceAll('`', '#96;');
}
