import { expect, test } from 'vitest';
import { strikeOut, strikeOutAll } from './secrets.ts';

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
  ['in Base64 of a URL, without padding', Buffer.from('p@ss/word"1').toString('base64url')],
  ['in hexadecimal digits', Buffer.from('p@ss/word"1').toString('hex')],
  ['in capital ones', Buffer.from('p@ss/word"1').toString('hex').toUpperCase()],
  ['in HTML', 'p@ss/word&quot;1'],
  ['in HTML, as a number', 'p@ss/word&#34;1'],
  ['in capital letters', 'P@SS/WORD"1'],
])('a value is struck out %s', (_, form) => {
  expect(strikeOut(`said ${form}.`, ['p@ss/word"1'])).toBe('said ***stripped***.');
});

test('letters that differ in the Base64 of a URL are struck out, too', () => {
  const value = 'key?>>~key';
  expect(Buffer.from(value).toString('base64')).toMatch(/[+/]/);
  expect(strikeOut(`said ${Buffer.from(value).toString('base64url')}.`, [value])).toBe('said ***stripped***.');
});

test('markup in a value is struck out as Go escapes it', () => {
  const value = "<a>&'b";
  for (const form of ['&lt;a&gt;&amp;&#39;b', "\\u003ca\\u003e\\u0026'b"]) expect(strikeOut(form, [value])).toBe('***stripped***');
});

test('each line of a value with several is struck out, unless it is short', () => {
  const key = '-----BEGIN KEY-----\r\nMIIEvQIBADANBgkq\nhkiG9w0B\n}\n';
  expect(strikeOut('bad line: hkiG9w0B after MIIEvQIBADANBgkq }', [key])).toBe('bad line: ***stripped*** after ***stripped*** }');
});

test('an answer is struck out in all its texts and keys, and nothing else of it', () => {
  const answer = { volume: { id: 'of hunter22', size: 5n, context: { hunter22: ['x', 'hunter22'] } }, ready: true, none: undefined };
  expect(strikeOutAll(answer, ['hunter22'])).toEqual({
    volume: { id: 'of ***stripped***', size: 5n, context: { '***stripped***': ['x', '***stripped***'] } },
    ready: true,
    none: undefined,
  });
  expect(strikeOutAll(answer, [])).toBe(answer);
});

test('a short value is struck out as a word only, and an empty one is none', () => {
  expect(strikeOut('pin 7 on 172.17.0.1', ['7', ''])).toBe('pin ***stripped*** on 172.17.0.1');
});
