/** The candidate that a mistyped word was probably meant to be; undefined where none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const [near] = [...candidates]
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  return near !== undefined && near.distance <= Math.max(2, Math.floor(word.length / 4)) ? near.candidate : undefined;
}

/** `: did you mean x?`, to be put behind a sentence about the word; empty where nothing else is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const near = nearest(word, candidates);
  return near === undefined || near === word ? '' : `: did you mean ${near}?`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
