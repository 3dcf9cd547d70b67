import { expect, test } from 'vitest';
import { strikeOut } from './secrets.ts';

test('a value that begins with another one goes as a whole, whichever comes first', () => {
  for (const values of [
    ['abcd', 'abcdefgh'],
    ['abcdefgh', 'abcd'],
  ])
    expect(strikeOut('login abcdefgh, then abcd', values)).toBe('login ***stripped***, then ***stripped***');
});

test.each([
  ['as it is', 'p@ss/word"1'],
  ['in a URL', 'p%40ss%2Fword%221'],
  ['in JSON', 'p@ss/word\\"1'],
  ['in Base64', Buffer.from('p@ss/word"1').toString('base64')],
])('a value is struck out %s', (_, form) => {
  expect(strikeOut(`said ${form}.`, ['p@ss/word"1'])).toBe('said ***stripped***.');
});

test('a short value is struck out as a word only, and an empty one is none', () => {
  expect(strikeOut('pin 7 on 172.17.0.1', ['7', ''])).toBe('pin ***stripped*** on 172.17.0.1');
});
