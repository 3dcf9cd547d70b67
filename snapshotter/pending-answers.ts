/**
 * Answers of a driver or of the API server that were not yet written down where users look. The write
 * may fail and wait; without this memory the call would be made again meanwhile, ahead of its back-off.
 * An answer is kept until the loop comes to rest on it. A restart loses it, which is safe: marks and
 * names make every call repeatable.
 */
export interface PendingAnswers<A> {
  keep(key: string, answer: A): void;
  get(key: string): A | undefined;
  settle(key: string): void;
}

export function createPendingAnswers<A>(): PendingAnswers<A> {
  const answers = new Map<string, A>();
  return {
    keep: (key, answer) => {
      answers.set(key, answer);
    },
    get: (key) => answers.get(key),
    settle: (key) => {
      answers.delete(key);
    },
  };
}
