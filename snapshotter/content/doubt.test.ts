import { describe, expect, test } from 'vitest';
import { BEING_CREATED } from '../names.ts';
import { READY_STATUS, aContent } from '../testing/objects.ts';
import { NO_RECORD, createCaseBook } from './case-book.ts';
import type { CreateRecord } from './case-book.ts';
import { isUndecided, judgeCreate, mayExist } from './doubt.ts';

const MINUTE = 60_000;
const FAILED = { outcome: 'failed', grpcCode: 13 } as const;
const UNKNOWN = { outcome: 'unknown', grpcCode: 4 } as const;
const clean: CreateRecord = { ...NO_RECORD, standing: 'clean' };

describe('the standing of a case', () => {
  test('a final answer decides a case that was never in doubt', () => {
    expect(judgeCreate(clean, { ...FAILED, nowMs: 0 })).toMatchObject({ decided: true, record: { standing: 'clean' } });
  });

  test('after an unknown answer, or under a mark of an earlier life, one final answer decides nothing', () => {
    const { record } = judgeCreate(clean, { ...UNKNOWN, nowMs: 0 });
    expect(record.standing).toBe('open');
    expect(judgeCreate(record, { ...FAILED, nowMs: 1 }).decided).toBe(false);
    expect(judgeCreate(NO_RECORD, { ...FAILED, nowMs: 1 }).decided).toBe(false);
  });

  test('the same final answer five times over ten minutes closes it, and says that it gave up', () => {
    let judged = judgeCreate(clean, { ...UNKNOWN, nowMs: 0 });
    for (const minute of [1, 3, 6, 9]) {
      judged = judgeCreate(judged.record, { ...FAILED, nowMs: minute * MINUTE });
      expect(judged.decided).toBe(false);
    }
    expect(judgeCreate(judged.record, { ...FAILED, nowMs: 10 * MINUTE }), 'five, but not ten minutes').toMatchObject({ decided: false });
    expect(judgeCreate(judged.record, { ...FAILED, nowMs: 11 * MINUTE })).toMatchObject({
      decided: true,
      gaveUp: true,
      record: { standing: 'clean' },
    });
  });

  test('success closes every case', () => {
    const { record } = judgeCreate(NO_RECORD, { ...UNKNOWN, nowMs: 0 });
    expect(judgeCreate(record, { outcome: 'done', grpcCode: 0, nowMs: 1 })).toMatchObject({
      decided: true,
      gaveUp: false,
      record: { standing: 'clean' },
    });
  });
});

describe('what may exist', () => {
  const marked = aContent({ metadata: { annotations: { [BEING_CREATED]: 'yes' } } });

  test('the mark counts only where nothing better is known', () => {
    expect(isUndecided({ content: marked, record: NO_RECORD })).toBe(true);
    expect(isUndecided({ content: marked, record: clean })).toBe(false);
    expect(isUndecided({ content: { ...marked, status: READY_STATUS }, record: NO_RECORD })).toBe(false);
  });

  test('without a handle and without knowledge a snapshot may exist', () => {
    expect(mayExist({ content: aContent(), record: NO_RECORD })).toBe(true);
    expect(mayExist({ content: aContent(), record: clean })).toBe(false);
    expect(mayExist({ content: aContent({ status: READY_STATUS }), record: NO_RECORD })).toBe(false);
  });
});

test('the book keeps what is known over what is only seen', () => {
  const book = createCaseBook();
  book.write('u', { ...NO_RECORD, standing: 'open' });
  book.born('u');
  expect(book.recordOf('u').standing).toBe('open');
  book.born('v');
  expect(book.recordOf('v').standing).toBe('clean');
  book.forget('v');
  expect(book.recordOf('v')).toEqual(NO_RECORD);
});
