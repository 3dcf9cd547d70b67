/** Label selectors as objects carry them: as a query string, and matched in memory. */
import type { LabelSelector, LabelSelectorRequirement } from './objects.ts';

/** The `labelSelector` query. An empty selector is empty text and selects everything. Undefined: not a valid selector. */
export function formatSelector(selector: LabelSelector): string | undefined {
  const parts: string[] = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  // A schema of long ago may have let anything through.
  const requirements: unknown = selector.matchExpressions ?? [];
  if (!Array.isArray(requirements)) return undefined;
  for (const requirement of requirements as readonly (LabelSelectorRequirement | null)[]) {
    const part = formatRequirement(requirement ?? {});
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return parts.join(',');
}

function formatRequirement({ key, operator, values }: LabelSelectorRequirement): string | undefined {
  if (key === undefined || key === '') return undefined;
  const set: unknown = values ?? [];
  if (!Array.isArray(set)) return undefined;
  switch (operator) {
    case 'In':
      return set.length === 0 ? undefined : `${key} in (${set.join(',')})`;
    case 'NotIn':
      return set.length === 0 ? undefined : `${key} notin (${set.join(',')})`;
    case 'Exists':
      return set.length > 0 ? undefined : key;
    case 'DoesNotExist':
      return set.length > 0 ? undefined : `!${key}`;
    default:
      return undefined;
  }
}

/**
 * An empty selector matches everything, an absent or invalid one nothing (as metav1.LabelSelectorAsSelector).
 * `NotIn` also matches objects without the label.
 */
export function matchesSelector(selector: LabelSelector | undefined, labels: Readonly<Record<string, string>> | undefined): boolean {
  if (selector === undefined || formatSelector(selector) === undefined) return false;
  const present = new Map(Object.entries(labels ?? {}));
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) if (present.get(key) !== value) return false;
  return (selector.matchExpressions ?? []).every((requirement) => matchesRequirement(requirement, present));
}

function matchesRequirement({ key, operator, values }: LabelSelectorRequirement, labels: ReadonlyMap<string, string>): boolean {
  const value = labels.get(key ?? '');
  switch (operator) {
    case 'In':
      return value !== undefined && (values ?? []).includes(value);
    case 'NotIn':
      return value === undefined || !(values ?? []).includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}
