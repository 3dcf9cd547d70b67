/**
 * Resource versions as numbers. They are opaque by the letter of the API, but kube-apiserver's are
 * integers of one sequence per resource (KEP-5504 makes that a promise), and only so can an own write be
 * told from an older event. Bigint: they pass 2^53.
 */

/** Undefined for a version that is not a number: nothing is then known about its order. */
export function parseVersion(text: string | undefined): bigint | undefined {
  return text !== undefined && /^\d{1,40}$/.test(text) ? BigInt(text) : undefined;
}

/** The later of two versions, `a` where that can not be told. */
export function laterVersion(a: string, b: string): string {
  const left = parseVersion(a);
  const right = parseVersion(b);
  return left !== undefined && right !== undefined && right > left ? b : a;
}
