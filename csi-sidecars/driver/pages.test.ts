import { expect, test } from 'vitest';
import { everyPage } from './pages.ts';

test('all pages are read, in their order', async () => {
  const pages: Record<string, { entries: number[]; nextToken: string }> = {
    '': { entries: [1, 2], nextToken: 'a' },
    a: { entries: [], nextToken: 'b' },
    b: { entries: [3], nextToken: '' },
  };
  expect(await everyPage(async (token) => pages[token] ?? { entries: [], nextToken: '' })).toEqual({ entries: [1, 2, 3] });
});

test('pages that go round are noticed', async () => {
  const { entries, endless } = await everyPage(async (token) => ({ entries: [token], nextToken: token === 'a' ? 'b' : 'a' }));
  expect(entries).toEqual(['', 'a', 'b']);
  expect(endless).toContain('"a" came back');
});
