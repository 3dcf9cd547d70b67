/** Every entry of a list of the driver, page by page. */
interface Page<E> {
  readonly entries: readonly E[];
  readonly nextToken: string;
}

/** A driver whose pages never end must not keep us for ever. */
const MOST_PAGES = 10_000;

export interface Listed<E> {
  readonly entries: readonly E[];
  /** Why the end was not reached. */
  readonly endless?: string;
}

export async function everyPage<E>(fetch: (startingToken: string) => Promise<Page<E>>): Promise<Listed<E>> {
  const entries: E[] = [];
  const seen = new Set<string>();
  for (let token = ''; ; ) {
    const page = await fetch(token);
    entries.push(...page.entries);
    if (page.nextToken === '') return { entries };
    if (seen.has(page.nextToken)) return { entries, endless: `the token ${JSON.stringify(page.nextToken)} came back: the pages go round` };
    if (seen.size === MOST_PAGES) return { entries, endless: `${MOST_PAGES} pages, and there is more` };
    seen.add(page.nextToken);
    token = page.nextToken;
  }
}
