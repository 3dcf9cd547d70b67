/** Which half of an object a write may touch: the main path never the status, the status path nothing else. */
import type { JsonObject } from '../json.ts';
import { clone } from '../json.ts';
import type { ResourceRules, Write } from './resource.ts';

function keepField(object: JsonObject, old: JsonObject, field: string): void {
  if (old[field] === undefined) delete object[field];
  else object[field] = clone(old[field]);
}

/**
 * For kinds with a status path. `initial` is the status of a new object, undefined for none; left out
 * where a client may give the status at creation (Nodes).
 */
export function statusPart(initial?: (write: Write) => JsonObject | undefined): ResourceRules {
  return {
    prepare(write) {
      const { object, old, subresource } = write;
      if (old === undefined) {
        const status = initial?.(write);
        if (status !== undefined) object.status = status;
        else if (initial !== undefined) delete object.status;
        return;
      }
      // Binding a Pod sets its node and says so in its conditions.
      if (subresource === 'binding') return;
      if (subresource !== 'status') {
        keepField(object, old, 'status');
        return;
      }
      for (const field of new Set([...Object.keys(object), ...Object.keys(old)])) {
        if (field !== 'status' && field !== 'metadata') keepField(object, old, field);
      }
    },
  };
}

/** Fills a field that is absent. */
export function setDefault(object: JsonObject, field: string, value: JsonObject[string]): void {
  object[field] ??= value;
}

/** Puts a protection finalizer on a new object, as the admission plugin of that name does. */
export function protectionFinalizer(finalizer: string): ResourceRules {
  return {
    prepare({ object, old }) {
      if (old !== undefined) return;
      const meta = object.metadata as JsonObject;
      const finalizers = Array.isArray(meta.finalizers) ? meta.finalizers : [];
      if (!finalizers.includes(finalizer)) meta.finalizers = [...finalizers, finalizer];
    },
  };
}
