/** Built-in kinds in a few words: defaults for what most of them share. */
import type { ResourceType } from './resource.ts';
import { storageName } from './resource.ts';
import { AGE_COLUMN, NAME_COLUMN } from '../kubectl/table.ts';
import { FIXED_COLUMNS } from './columns.ts';
import { knownFields } from './known-fields.ts';

/** What no default can know. */
type Given = Pick<ResourceType, 'group' | 'version' | 'plural' | 'kind' | 'namespaced'> & Partial<ResourceType>;

/** Kinds that answer a DELETE by a Status have to say so. */
export function defineKind(given: Given): ResourceType {
  return {
    singular: given.kind.toLowerCase(),
    listKind: `${given.kind}List`,
    shortNames: [],
    categories: [],
    storage: storageName(given.group, given.plural),
    subresources: [],
    custom: false,
    createOnUpdate: false,
    unconditionalUpdate: true,
    returnDeleted: true,
    generation: false,
    nameRule: 'subdomain',
    selectableFields: [],
    columns: FIXED_COLUMNS[given.plural] ?? [NAME_COLUMN, AGE_COLUMN],
    ...given,
    rules: [...knownFields(given.plural), ...(given.rules ?? [])],
  };
}
