import { expect, test } from 'vitest';
import { quote } from './peer-words.ts';

test.each([
  ['plain words, and ünïcode €', '"plain words, and ünïcode €"'],
  ['a "b" \\c', String.raw`"a \"b\" \\c"`],
  ['\u0007\b\f\n\r\t\v', String.raw`"\a\b\f\n\r\t\v"`],
  ['\u0000\u001b\u007f', String.raw`"\x00\x1b\x7f"`],
  ['\u00a0\u200b\ufeff', String.raw`"\u00a0\u200b\ufeff"`],
  ['\u{e0001}', String.raw`"\U000e0001"`],
])('%j is quoted as Go quotes it', (text, quoted) => {
  expect(quote(text)).toBe(quoted);
});
