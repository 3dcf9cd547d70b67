/**
 * What comments may cite: only what the repository holds. A section sign always cites a document elsewhere; a link to a
 * heading of a file in docs/ needs that heading.
 */
import type { Sources } from './architecture-rules.ts';

// Written as an escape, so that this file does not offend itself.
const SECTION = '\u00a7';
const LINK = /\b(docs\/[\w/-]+\.md)(?:#([\w-]+))?/g;

/** One sentence an offence, `file:line: …`. `documents`: path → text of the documents that there are. */
export function findBadCitations(sources: Sources, documents: Sources): string[] {
  const anchors = new Map([...documents].map(([path, text]) => [path, anchorsOf(text)]));
  return [...sources].flatMap(([path, text]) =>
    text.split('\n').flatMap((line, index) => lineOffences(line, anchors).map((why) => `${path}:${index + 1}: ${why}`)),
  );
}

function lineOffences(line: string, anchors: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const offences = line.includes(SECTION) ? ['cites a section of a document: say it here, or link to a heading in docs/'] : [];
  for (const [, document = '', anchor] of line.matchAll(LINK)) {
    const known = anchors.get(document);
    if (known === undefined) offences.push(`${document} does not exist`);
    else if (anchor !== undefined && !known.has(anchor)) offences.push(`${document} has no heading for #${anchor}`);
  }
  return offences;
}

/** As GitHub makes them: lower case, dashes for blanks, nothing else but letters, digits and dashes. */
function anchorsOf(markdown: string): ReadonlySet<string> {
  const headings = [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => title);
  return new Set(
    headings.map((title) =>
      title
        .toLowerCase()
        .replaceAll(' ', '-')
        .replaceAll(/[^\w-]/g, ''),
    ),
  );
}
