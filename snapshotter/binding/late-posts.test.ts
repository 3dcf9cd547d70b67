import { describe, expect, test } from 'vitest';
import { aContent, aGivenSnapshot, aSnapshot, EPOCH_MS } from '../testing/objects.ts';
import { createLatePosts } from './late-posts.ts';

const LIFE_MS = 60_000;
const uid = aSnapshot().metadata?.uid ?? '';

function open() {
  const time = { ms: 5_000 };
  const posts = createLatePosts({ now: () => EPOCH_MS + time.ms, monotonic: () => time.ms, setTimer: () => () => undefined }, LIFE_MS);
  posts.began();
  const contentOfAge = (ageMs: number) => aContent({ metadata: { creationTimestamp: new Date(EPOCH_MS + time.ms - ageMs).toISOString() } });
  return { posts, time, contentOfAge };
}

describe('a content that may still come', () => {
  test('is waited for in the first minute of a process, for what an earlier one may have posted', () => {
    const { posts, time } = open();
    expect(posts.waitMs(aSnapshot())).toBe(LIFE_MS);
    time.ms += 59_000;
    expect(posts.waitMs(aSnapshot())).toBe(1_000);
    time.ms += 1_000;
    expect(posts.waitMs(aSnapshot())).toBe(0);
  });

  test('is not waited for where this process put the first finalizer on', () => {
    const { posts } = open();
    posts.protectedHere(uid);
    expect(posts.waitMs(aSnapshot())).toBe(0);
    posts.forget(uid);
    expect(posts.waitMs(aSnapshot())).toBe(LIFE_MS);
  });

  test('is not waited for where no content is ever posted', () => {
    expect(open().posts.waitMs(aGivenSnapshot())).toBe(0);
  });

  test('is waited for after a post of our own that was not answered', () => {
    const { posts, time } = open();
    posts.protectedHere(uid);
    time.ms += 500_000;
    posts.unanswered(uid);
    time.ms += 20_000;
    expect(posts.waitMs(aSnapshot())).toBe(40_000);
  });

  test('is not waited for where the content that went had been there for longer than a request lives', () => {
    const { posts, contentOfAge } = open();
    posts.contentWent(uid, contentOfAge(61_000));
    expect(posts.waitMs(aSnapshot())).toBe(0);
    expect(posts.isGoneForGood(aSnapshot())).toBe(true);
  });

  test('is waited for, and looked for once more, where the content that went was young', () => {
    const { posts, time, contentOfAge } = open();
    posts.contentWent(uid, contentOfAge(10_000));
    expect(posts.waitMs(aSnapshot())).toBe(50_000);
    time.ms += 50_000;
    expect(posts.waitMs(aSnapshot())).toBe(0);
    expect(posts.isGoneForGood(aSnapshot())).toBe(false);
  });

  test('that went is forgotten when it is there again', () => {
    const { posts, contentOfAge } = open();
    posts.contentWent(uid, contentOfAge(61_000));
    posts.contentCame(uid);
    expect(posts.isGoneForGood(aSnapshot())).toBe(false);
    expect(posts.waitMs(aSnapshot())).toBe(LIFE_MS);
  });

  test('is as good as new where its time cannot be read', () => {
    const { posts } = open();
    posts.contentWent(uid, aContent({ metadata: { creationTimestamp: 'yesterday' } }));
    expect(posts.waitMs(aSnapshot())).toBe(LIFE_MS);
  });
});
