/** JSON merge patch (RFC 7386): null deletes, objects merge, everything else replaces. */
import type { Json, JsonObject } from '../json.ts';
import { isObject } from '../json.ts';

/** A new object; shares parts with both arguments. */
export function mergePatch(target: Json | undefined, patch: JsonObject): JsonObject {
  const merged: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (key === '__proto__') continue;
    if (value === null) delete merged[key];
    else merged[key] = isObject(value) ? mergePatch(merged[key], value) : value;
  }
  return merged;
}
