import { expect, test } from 'vitest';
import { withPlaces } from './log-places.mjs';

const place = (line) => withPlaces(`first\n${line}`, '/src/lib/csi/connection.ts').split('\n')[1];

test.each([
  ["log.info('x');", '(log.at?.("csi/connection.ts:2") ?? log).info(\'x\');'],
  ["  this.input.log.debug(5, 'x', {", '  (this.input.log.at?.("csi/connection.ts:2") ?? this.input.log).debug(5, \'x\', {'],
  [
    "if (a) log.warn('x'); else log.error('y');",
    expect.stringMatching(/^if \(a\) \(log\..*\)\.warn\('x'\); else \(log\..*\)\.error\('y'\);$/),
  ],
])('%s is given its place', (line, placed) => {
  expect(place(line)).toEqual(placed);
});

test.each(["open().log.info('x')", "this?.log.info('x')", "catalog.info('x')", 'log.child({})', 'log?.info()', "console.log('x')"])(
  '%s stays as it is',
  (line) => {
    expect(place(line)).toBe(line);
  },
);
