/** Table answers: what `kubectl get` prints, one row an object. */
import type { Json, JsonObject } from '../json.ts';
import { listAt, stringAt } from '../json.ts';
import type { Column, ResourceType } from '../kinds/resource.ts';
import { apiVersion } from '../kinds/resource.ts';
import type { Stored } from '../storage.ts';

const NAME_HELP = 'Name must be unique within a namespace.';
const AGE_HELP = 'CreationTimestamp is the server time when this object was created.';

export const NAME_COLUMN: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: NAME_HELP,
  cell: (object) => stringAt(object, 'metadata', 'name') ?? '',
};

export const AGE_COLUMN: Column = {
  name: 'Age',
  type: 'string',
  description: AGE_HELP,
  cell: (object, nowMs) => ageOf(stringAt(object, 'metadata', 'creationTimestamp'), nowMs),
};

/** Of CRDs: there the client gets the time itself. */
export const CREATED_COLUMN: Column = {
  name: 'Created At',
  type: 'date',
  description: AGE_HELP,
  cell: (object) => stringAt(object, 'metadata', 'creationTimestamp') ?? null,
};

export function ageOf(timestamp: string | undefined, nowMs: number): string {
  const then = timestamp === undefined ? Number.NaN : Date.parse(timestamp);
  return Number.isNaN(then) ? '<unknown>' : shortDuration(nowMs - then);
}

/** One or two units, as kubectl prints ages: 9s, 2m5s, 17m, 3h20m, 8h, 2d4h, 30d, 2y100d. */
export function shortDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return twoUnits([minutes, 'm'], [seconds % 60, 's']);
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return twoUnits([hours, 'h'], [minutes % 60, 'm']);
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return twoUnits([days, 'd'], [hours % 24, 'h']);
  if (hours < 24 * 365 * 2) return `${days}d`;
  const years = Math.floor(days / 365);
  return hours < 24 * 365 * 8 ? twoUnits([years, 'y'], [days % 365, 'd']) : `${years}y`;
}

type Amount = readonly [count: number, unit: string];

function twoUnits(big: Amount, small: Amount): string {
  return small[0] === 0 ? big.join('') : [...big, ...small].join('');
}

export interface TableRequest {
  readonly type: ResourceType;
  readonly items: readonly Stored[];
  /** `includeObject`: Metadata, Object or None. */
  readonly include: string;
  readonly nowMs: number;
  readonly withColumns: boolean;
}

/** A deleting object carries its state in no column: clients see it by the conditions of the row. */
function conditions(object: JsonObject): Json[] {
  const done = listAt(object, 'status', 'conditions').length === 0 ? stringAt(object, 'status', 'phase') : undefined;
  if (done !== 'Succeeded' && done !== 'Failed') return [];
  return [{ type: 'Completed', status: 'True', reason: done, message: 'The pod has completed successfully.' }];
}

function rowObject(type: ResourceType, object: JsonObject, include: string): Json | undefined {
  if (include === 'None') return undefined;
  if (include === 'Object') return { kind: type.kind, apiVersion: apiVersion(type), ...object };
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata ?? {} };
}

export function tableOf(request: TableRequest): JsonObject {
  const { type, items, include, nowMs, withColumns } = request;
  const columns = type.columns;
  const columnDefinitions = columns.map((column) => ({
    name: column.name,
    type: column.type,
    format: column.format ?? '',
    description: column.description ?? '',
    priority: column.priority ?? 0,
  }));
  const rows = items.map(({ object }): JsonObject => {
    const row: JsonObject = { cells: columns.map((column) => column.cell(object, nowMs)) };
    const marks = type.plural === 'pods' ? conditions(object) : [];
    if (marks.length > 0) row.conditions = marks;
    const shown = rowObject(type, object, include);
    if (shown !== undefined) row.object = shown;
    return row;
  });
  return { columnDefinitions: withColumns ? columnDefinitions : [], rows };
}
