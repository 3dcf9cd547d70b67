import { describe, expect, test } from 'vitest';
import { expand, fillSecret } from './secret-template.ts';

describe('expansion follows os.Expand of Go', () => {
  const tokens = new Map([
    ['x', '1'],
    ['word', 'w'],
  ]);

  test.each([
    ['tokens in braces and bare ones', 'a${x}b$x c', 'a1b1 c'],
    ['a bare token is as long as letters, digits and underscores go', '$word-$x.', 'w-1.'],
    ['a dollar at the end stays', '5$', '5$'],
    ['a dollar before what is no token stays', 'a$.b', 'a$.b'],
    ['a pair of braces with nothing in it disappears', 'a${}b', 'ab'],
    ['a brace without end disappears, and what stands behind it stays', 'a${creds', 'acreds'],
    ['a brace without end at the end disappears', 'a${', 'a'],
  ])('%s', (_, template, text) => {
    expect(expand(template, tokens)).toEqual({ text, unknown: [] });
  });

  test('special characters and digits are tokens of one character, and unknown like any other', () => {
    expect(expand('$y$1', tokens).unknown).toEqual(['y', '1']);
    expect(expand('$$a', tokens)).toEqual({ text: 'a', unknown: ['$'] });
    expect(expand('$12', tokens)).toEqual({ text: '2', unknown: ['1'] });
  });
});

describe('a secret name', () => {
  const tokens = { namespace: new Map([['of', 'shop']]), name: new Map([['who', 'data']]) };

  test('is made of both parts, each with its own tokens', () => {
    expect(fillSecret({ name: '${who}-key', namespace: '${of}' }, tokens)).toEqual({
      kind: 'secret',
      ref: { name: 'data-key', namespace: 'shop' },
    });
  });

  test('with a brace without end has what Go makes of it', () => {
    expect(fillSecret({ name: '${creds', namespace: 'vault' }, tokens)).toMatchObject({ ref: { name: 'creds' } });
  });

  test('is not made of tokens of the other part; the namespace is judged first, and told where only the name fails', () => {
    expect(fillSecret({ name: '${of}', namespace: '${who}' }, tokens)).toEqual({
      kind: 'unknown-tokens',
      part: 'namespace',
      unknown: ['who'],
    });
    expect(fillSecret({ name: '${of}', namespace: 'vault' }, tokens)).toEqual({
      kind: 'unknown-tokens',
      part: 'name',
      unknown: ['of'],
      namespace: 'vault',
    });
  });

  test('that Kubernetes would not have is none', () => {
    expect(fillSecret({ name: 'a_b', namespace: 'vault' }, tokens)).toEqual({ kind: 'no-name', part: 'name', text: 'a_b' });
    expect(fillSecret({ name: '${of}', namespace: 'a.b' }, tokens)).toEqual({ kind: 'no-name', part: 'namespace', text: 'a.b' });
  });
});
