import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAnswer, parseJson, printJson } from './json.ts';
import { INT64_FIELDS } from './resources.ts';
import { parseExact } from './json-parser.ts';
import { heapBytes } from './testing/heap-bytes.ts';

/** No number whose literal is an integer beyond the safe range: those are where the two parsers differ. */
const plainJson = fc.jsonValue({ maxDepth: 6 }).filter((value) => !/(?<![\d.])\d{16,}(?![\d.e])/.test(JSON.stringify(value)));

describe('parseJson', () => {
  test('keeps every digit of an integer beyond 2^53, wherever it stands', () => {
    const text = '{"a":[9007199254740993,-9007199254740993],"b":{"c":123456789012345678901234567890}}';
    expect(parseJson(text)).toEqual({
      a: [9007199254740993n, -9007199254740993n],
      b: { c: 123456789012345678901234567890n },
    });
  });

  test('leaves safe integers, fractions and exponents as numbers', () => {
    expect(parseJson('[9007199254740991,1.5,1e30,-0,1234567890123456.5,12345678901234567e2]')).toEqual([
      9007199254740991, 1.5, 1e30, -0, 1234567890123456.5, 12345678901234567e2,
    ]);
  });

  test('does not touch long digit runs inside strings', () => {
    expect(parseJson('{"uid":"1234567890123456789","t":"a:12345678901234567"}')).toEqual({
      uid: '1234567890123456789',
      t: 'a:12345678901234567',
    });
  });

  test('reads the int64 fields of a content as bigint even when they are small', () => {
    const content = '{"kind":"VolumeSnapshotContent","status":{"creationTime":0,"restoreSize":1024,"readyToUse":true}}';
    expect(parseJson(content, INT64_FIELDS)).toEqual({
      kind: 'VolumeSnapshotContent',
      status: { creationTime: 0n, restoreSize: 1024n, readyToUse: true },
    });
  });

  test('reads them so in list items without a kind, in group contents and in watch events', () => {
    const list = '{"kind":"VolumeSnapshotContentList","items":[{"status":{"restoreSize":7}}]}';
    expect(parseJson(list, INT64_FIELDS)).toMatchObject({ items: [{ status: { restoreSize: 7n } }] });
    const event =
      '{"type":"ADDED","object":{"kind":"VolumeGroupSnapshotContent","status":{"creationTime":"2026-01-01T00:00:00Z","volumeSnapshotInfoList":[{"creationTime":5,"restoreSize":6}]}}}';
    expect(parseJson(event, INT64_FIELDS)).toMatchObject({
      object: { status: { creationTime: '2026-01-01T00:00:00Z', volumeSnapshotInfoList: [{ creationTime: 5n, restoreSize: 6n }] } },
    });
  });

  test('keeps every digit of an int64 field and of anything beside it, and what only looks like one', () => {
    const content = (creationTime: string, more = ''): string =>
      `{"kind":"VolumeSnapshotContent","metadata":{"name":"a"${more}},"status":{"creationTime":${creationTime}}}`;
    const found = { creationTime: 1764400000000000001n };
    for (const [text, status, more] of [
      [content('1764400000000000001'), found, {}],
      [content(' 1764400000000000001 '), found, {}],
      [content('-1764400000000000001'), { creationTime: -1764400000000000001n }, {}],
      [content('5,"creationTime":1764400000000000001'), found, {}],
      [content('1764400000000000001,"creationTime":5'), { creationTime: 5n }, {}],
      [content('"int64=5"'), { creationTime: 'int64=5' }, {}],
      [content('"int64=odd"', ',"x":1764400000000000002'), { creationTime: 'int64=odd' }, { x: 1764400000000000002n }],
      [content('1764400000000000001', ',"x":1764400000000000002'), found, { x: 1764400000000000002n }],
      [content('1764400000000000001', ',"x":[1764400000000000002]'), found, { x: [1764400000000000002n] }],
      [content('1764400000000000001', ',"x":"\\"y\\":1764400000000000002,"'), found, { x: '"y":1764400000000000002,' }],
      [content('1764400000000000001', ',"x\\"y":1764400000000000002'), found, { 'x"y': 1764400000000000002n }],
    ] as const)
      expect(parseJson(text, INT64_FIELDS), text).toEqual({ kind: 'VolumeSnapshotContent', metadata: { name: 'a', ...more }, status });
    for (const odd of ['01764400000000000001', '1764400000000000001x', '1764400000000000001}'])
      expect(() => parseJson(content(odd), INT64_FIELDS), odd).toThrow(SyntaxError);
  });

  test('what is kept of an answer does not keep its text', () => {
    const item = (n: number) => ({
      metadata: { name: `content-${n}-with-a-long-name`, x: 'x'.repeat(1_000) },
      status: { creationTime: 1 },
    });
    const items = JSON.stringify(Array.from({ length: 500 }, (_, n) => item(n))).replaceAll(':1}', ':1764400000000000001}');
    const kept: unknown[] = [];
    const before = heapBytes();
    for (let page = 0; page < 40; page += 1) {
      const value = parseJson(`{"kind":"VolumeSnapshotContentList","page":${page},"items":${items}}`, INT64_FIELDS);
      kept.push((value as { items: ReturnType<typeof item>[] }).items[page]?.metadata.name);
    }
    // The texts are 20 MiB.
    expect(heapBytes() - before).toBeLessThan(2 ** 22);
    expect(kept).toHaveLength(40);
  });

  test('bears contents whose status is missing or odd', () => {
    for (const text of [
      '{"kind":"VolumeSnapshotContent"}',
      '{"kind":"VolumeSnapshotContent","status":null}',
      '{"kind":"VolumeSnapshotContent","status":{"creationTime":"x","restoreSize":1.5}}',
      '{"kind":"VolumeGroupSnapshotContent","status":{"volumeSnapshotInfoList":[null,1]}}',
      '{"kind":"VolumeSnapshotContentList","items":[null]}',
      'null',
      '[]',
    ]) {
      expect(parseJson(text, INT64_FIELDS)).toEqual(JSON.parse(text));
    }
  });

  test('leaves fields of the same name on other kinds alone', () => {
    expect(parseJson('{"kind":"VolumeSnapshot","status":{"restoreSize":7}}', INT64_FIELDS)).toEqual({
      kind: 'VolumeSnapshot',
      status: { restoreSize: 7 },
    });
  });

  test('reads bytes as UTF-8', () => {
    expect(parseJson(new TextEncoder().encode('{"n":"höhe 🗻"}'))).toEqual({ n: 'höhe 🗻' });
  });

  test('refuses what is not JSON, on both paths', () => {
    for (const text of [
      '',
      '{',
      '[1,]',
      '{"a"}',
      '01',
      'nul',
      '"a',
      '{"a":1}x',
      '"\u0001"',
      '[1234567890123456789,]',
      '{"a":12345678901234567,}',
    ]) {
      expect(() => parseJson(text), text).toThrow(SyntaxError);
    }
  });
});

describe('parseAnswer', () => {
  const read = (text: string): unknown => parseAnswer(new TextEncoder().encode(text), INT64_FIELDS);
  const managed = [
    { manager: 'kubectl [x]', operation: 'Update', fieldsV1: { 'f:metadata': { '.': {}, 'k:{"type":"a]b\\\\"}': {} }, 'v:"]"': {} } },
    { manager: 'kubelet', time: '2026-01-01T00:00:00Z' },
  ];

  test('has no managedFields, wherever they stand, and everything else', () => {
    for (const metadata of [{ managedFields: managed }, { name: 'a', managedFields: managed }, { managedFields: managed, name: 'a' }])
      for (const space of [undefined, 2])
        for (const answer of [
          { type: 'ADDED', object: { metadata, spec: { x: [1] } } },
          { items: [{ metadata }, { metadata, y: '1764' }] },
        ]) {
          const text = JSON.stringify(answer, undefined, space);
          const without = JSON.stringify(answer, (name, value: unknown) => (name === 'managedFields' ? undefined : value));
          expect(read(text), text).toEqual(JSON.parse(without));
        }
  });

  test('keeps what only looks like them', () => {
    for (const value of [
      { annotations: { last: JSON.stringify({ metadata: { managedFields: managed } }) } },
      { 'a","managedFields': [1], 'x{"managedFields': [2] },
      { managedFields: 'none', list: ['{"managedFields":[', ']'] },
    ])
      expect(read(JSON.stringify(value))).toEqual(value);
  });
});

describe('parseExact', () => {
  test('answers what JSON.parse answers on every document with safe numbers', () => {
    fc.assert(
      fc.property(plainJson, fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        expect(parseExact(text)).toEqual(JSON.parse(text));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('refuses every truncation of a document', () => {
    const text = '{"a":[1,"x\\"y",null,true,{"b":-1.5e3}],"c":false}';
    for (let length = 0; length < text.length; length += 1)
      expect(() => parseExact(text.slice(0, length)), text.slice(0, length)).toThrow(SyntaxError);
  });

  test('refuses broken words, strings and what follows a document', () => {
    for (const text of ['nul', 'trux', 'fals', '"abc', '"abc\\"', '1 2', '[1 2]', '{"a":1 "b":2}', '{a:1}', '-', '1.', '.5', '+1']) {
      expect(() => parseExact(text), text).toThrow(SyntaxError);
    }
  });

  test('bears space wherever JSON allows it', () => {
    expect(parseExact(' \n[ 1 , {\t"a" : 2 , "b":[ ] , "c":{ } } ]\r ')).toEqual([1, { a: 2, b: [], c: {} }]);
  });

  test('makes an own field of the name __proto__, as JSON.parse does', () => {
    const parsed = parseExact('{"__proto__":{"x":1}}') as object;
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
    expect(Object.getOwnPropertyDescriptor(parsed, '__proto__')).toEqual({
      value: { x: 1 },
      writable: true,
      enumerable: true,
      configurable: true,
    });
  });
});

describe('printJson', () => {
  test('writes a bigint as a literal and reads it back', () => {
    expect(printJson({ status: { creationTime: 9007199254740993n, gone: undefined, list: [1n, undefined] } })).toBe(
      '{"status":{"creationTime":9007199254740993,"list":[1,null]}}',
    );
  });

  test('every value with big integers survives print and parse', () => {
    const big = fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }).filter((value) => value > 2n ** 53n || value < -(2n ** 53n));
    const value = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 4 }, big, fc.integer(), fc.string(), fc.boolean(), fc.constant(null), tie('list'), tie('record')),
      list: fc.array(tie('value'), { maxLength: 4 }),
      record: fc.dictionary(
        fc.string().filter((name) => !['kind', 'items', 'type', '__proto__'].includes(name)),
        tie('value'),
        { maxKeys: 4 },
      ),
    })).value;
    fc.assert(
      fc.property(value, (original) => {
        expect(parseJson(printJson(original))).toEqual(original);
      }),
      { seed: 2, numRuns: 300 },
    );
  });
});
