import type { Policy } from './facts.ts';

/** `younger`: certainly, so it counts as being made. Another text: nobody can tell. Undefined: it is old enough. */
export function ageProblem(key: string, createdMs: number | undefined, { nowMs, olderThanMs, firstSeen }: Policy): string | undefined {
  if (olderThanMs === 0) return undefined;
  if (createdMs !== undefined) return nowMs - createdMs < olderThanMs ? 'younger' : undefined;
  const seenMs = firstSeen.get(key);
  if (seenMs !== undefined && nowMs - seenMs >= olderThanMs) return undefined;
  return 'the driver does not tell its age: audit again later with the same --first-seen=FILE, or give --older-than=0';
}

/** Classes that name a secret: which one made this is not known, and without it the driver may refuse or, worse, look elsewhere. */
export function secretProblem(parameters: readonly Readonly<Record<string, string>>[], purpose: string): string | undefined {
  const named = parameters.some((each) => each[`csi.storage.k8s.io/${purpose}-secret-name`] !== undefined);
  return named ? 'classes of this driver name secrets, and which one is needed for it is not known' : undefined;
}
