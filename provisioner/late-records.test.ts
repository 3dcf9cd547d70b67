import { expect, test } from 'vitest';
import { createLateRecords } from './late-records.ts';

function open() {
  const time = { ms: 1_000 };
  return { time, records: createLateRecords({ monotonic: () => time.ms }, 60_000) };
}

test('nothing is under way for claims that came after the work began', () => {
  const { records } = open();
  records.began(['old']);
  expect(records.waitMs('new')).toBe(0);
});

test('for a minute after the beginning an earlier process may have posted the record of a claim that was there', () => {
  const { records, time } = open();
  records.began(['old']);
  expect(records.waitMs('old')).toBe(60_000);
  time.ms += 59_999;
  expect(records.waitMs('old')).toBe(1);
  time.ms += 1;
  expect(records.waitMs('old')).toBe(0);
});

test('for a minute after a post without an answer that post may still arrive', () => {
  const { records, time } = open();
  records.began([]);
  time.ms += 100_000;
  records.unanswered('new');
  time.ms += 20_000;
  expect([records.waitMs('new'), records.waitMs('other')]).toEqual([40_000, 0]);
  time.ms += 40_000;
  expect(records.waitMs('new')).toBe(0);
});

test('the last unanswered post counts', () => {
  const { records, time } = open();
  records.unanswered('new');
  time.ms += 50_000;
  records.unanswered('new');
  expect(records.waitMs('new')).toBe(60_000);
});

test('a record of an earlier process that comes while this one is young may not be the last one', () => {
  const { records, time } = open();
  records.began([]);
  time.ms += 10_000;
  records.inherited('gone');
  expect(records.waitMs('gone')).toBe(50_000);
  time.ms += 100_000;
  records.inherited('late');
  expect([records.waitMs('gone'), records.waitMs('late')]).toEqual([0, 0]);
});
