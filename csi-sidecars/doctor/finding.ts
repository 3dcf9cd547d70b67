/** What a check says. A finding is something that is wrong; what could not be looked at is said apart from it. */
import type { Place } from '../reading/place.ts';

export interface Finding {
  /** `error`: something does not work now. `warning`: it will not in some case. */
  readonly severity: 'error' | 'warning';
  readonly what: string;
  readonly where: Place;
  /** RFC 3339; undefined where nothing in the cluster says it. */
  readonly since?: string | undefined;
  readonly breaks: string;
  /** A command, or the line of a manifest. */
  readonly fix: string;
}

export interface Unchecked {
  readonly what: string;
  readonly why: string;
}

export interface CheckResult {
  readonly findings: readonly Finding[];
  readonly unchecked?: readonly Unchecked[];
}

/** A finding with the name of its check. */
export type NamedFinding = Finding & { readonly check: string };
