/** The PATCH verb: by its content type, from the stored object to the one that is to be stored. */
import type { FieldValidation } from '../body.ts';
import { asObject, decodeJson, mediaTypeOf } from '../body.ts';
import type { JsonObject } from '../json.ts';
import { clone, isObject, printJson, stringAt } from '../json.ts';
import { applyJsonPatch } from './json-patch.ts';
import { mergePatch } from './merge-patch.ts';
import { withKind } from '../kubectl/render.ts';
import type { ApiRequest } from '../request.ts';
import { subjectOf } from '../kinds/resource.ts';
import { badRequest, invalid, invalidField, notFound, StatusError, unsupportedMediaType, unsupportedPatch } from '../status.ts';
import type { Stored } from '../storage.ts';
import { strategicMerge } from './strategic-merge.ts';

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';
const STRATEGIC_MERGE_PATCH = 'application/strategic-merge-patch+json';

/** Changes nothing of the document; the outcome may share parts with it. */
type Apply = (document: JsonObject) => JsonObject;

/** Reads the patch before the object is looked at: a bad patch is refused even where nothing is stored. */
function applierOf(request: ApiRequest): Apply {
  const type = mediaTypeOf(request.headers);
  const accepted = [JSON_PATCH, MERGE_PATCH, ...(request.type.custom ? [] : [STRATEGIC_MERGE_PATCH])];
  if (!accepted.includes(type))
    throw request.type.custom ? unsupportedMediaType([...accepted, 'application/apply-patch+yaml']) : unsupportedPatch();
  const patch = decodeJson(request.body);
  if (type === JSON_PATCH) return (document) => applyJsonPatch(clone(document), patch);
  if (!isObject(patch)) throw badRequest('error decoding patch: expected an object');
  return (document) => (type === MERGE_PATCH ? mergePatch(document, patch) : strategicMerge(document, patch));
}

/** The outcome of a patch as an object. What a POST refuses as a bad request is Invalid here: the patch is at fault. */
function patched(request: ApiRequest, document: JsonObject, validation: FieldValidation): JsonObject {
  let object: JsonObject;
  try {
    object = asObject(request.type, document, validation);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    throw invalid({ group: '', type: '' }, [
      invalidField('patch', printJson(document), error.message.replace(/^.*(?=strict decoding error)/, '')),
    ]);
  }
  const name = stringAt(object, 'metadata', 'name') ?? '';
  if (name !== request.name) throw badRequest(`the name of the object (${name}) does not match the name on the URL (${request.name})`);
  return object;
}

/** What `updateObject` asks for: the object that the patch makes of the stored one. */
export function patchOf(request: ApiRequest, validation: FieldValidation): (old: Stored | undefined) => JsonObject {
  const apply = applierOf(request);
  return (old) => {
    if (old === undefined) throw notFound(subjectOf(request.type, request.name));
    // The outcome may share values with the patch and the stored object, which nobody may change.
    return patched(request, clone(apply(withKind(request.type, old.object))), validation);
  };
}
