/**
 * Fault rules as people write them: a scenario file (YAML or JSON) or the body of a request to the
 * control socket. Whatever is wrong is reported by its place and with what would be right.
 *
 *     faults:
 *       - rpc: CreateVolume        # or '*'
 *         name: pvc-*              # name or id in the request
 *         parameters: {tier: slow} # that the request has, among others
 *         calls: 2-3               # which of the matching calls; also a number, or '2-'
 *         delay: 5s
 *         code: DEADLINE_EXCEEDED
 *         effect: true             # … although it succeeds
 */
import { load, YAMLException } from 'js-yaml';
import { CODES, type CodeName } from '../model/status.ts';
import type { CrashMoment, Distortion, FaultRule, Mishearing } from './fault.ts';

export class ScenarioError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ScenarioError';
  }
}

const RPCS = [
  ...[
    'GetPluginInfo',
    'GetPluginCapabilities',
    'Probe',
    'CreateVolume',
    'DeleteVolume',
    'ControllerPublishVolume',
    'ControllerUnpublishVolume',
  ],
  ...[
    'ValidateVolumeCapabilities',
    'ListVolumes',
    'GetCapacity',
    'ControllerGetCapabilities',
    'CreateSnapshot',
    'DeleteSnapshot',
    'ListSnapshots',
  ],
  ...['GetSnapshot', 'ControllerExpandVolume', 'ControllerGetVolume', 'ControllerModifyVolume', 'GroupControllerGetCapabilities'],
  ...['CreateVolumeGroupSnapshot', 'DeleteVolumeGroupSnapshot', 'GetVolumeGroupSnapshot', 'NodeStageVolume', 'NodeUnstageVolume'],
  ...['NodePublishVolume', 'NodeUnpublishVolume', 'NodeGetVolumeStats', 'NodeExpandVolume', 'NodeGetCapabilities', 'NodeGetInfo'],
];
const MOMENTS: readonly CrashMoment[] = ['before', 'during', 'after', 'answered'];
const MAX_HUGE = 1n << 26n;

/** Reads a scenario file's text. `file` is only for messages. */
export function parseScenario(text: string, file: string): readonly FaultRule[] {
  let value: unknown;
  try {
    value = load(text);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const { line, column } = error.mark;
    throw new ScenarioError(`${file}, line ${line + 1}, column ${column + 1}: ${error.reason}`, { cause: error });
  }
  try {
    return readRules(value);
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    throw new ScenarioError(`${file}: ${error.message}`, { cause: error });
  }
}

/** Rules from a parsed document: `{faults: […]}`. */
export function readRules(document: unknown): readonly FaultRule[] {
  const { faults } = fieldsOf(document, 'the document', ['faults']);
  if (!Array.isArray(faults)) throw new ScenarioError('faults must be a list of rules');
  return faults.map((rule: unknown, index) => readRule(rule, `faults[${index}]`));
}

const FIELDS = [
  ...[
    'rpc',
    'name',
    'parameters',
    'calls',
    'delay',
    'answerDelay',
    'code',
    'message',
    'effect',
    'crash',
    'crashStep',
    'notReady',
    'answer',
    'request',
  ],
];

function readRule(value: unknown, place: string): FaultRule {
  const from = fieldsOf(value, place, FIELDS);
  if (from['rpc'] === undefined) throw new ScenarioError(`${place}.rpc is missing; name an RPC, or '*' for all`);
  const rule: FaultRule = {
    rpc: oneOf(['*', ...RPCS])(from['rpc'], `${place}.rpc`),
    ...has('name', optional(from['name'], `${place}.name`, textOf)),
    ...has('parameters', optional(from['parameters'], `${place}.parameters`, textsOf)),
    ...has('calls', optional(from['calls'], `${place}.calls`, callsOf)),
    ...has('delayMs', optional(from['delay'], `${place}.delay`, durationOf)),
    ...has('answerDelayMs', optional(from['answerDelay'], `${place}.answerDelay`, durationOf)),
    ...has('code', optional(from['code'], `${place}.code`, codeOf)),
    ...has('message', optional(from['message'], `${place}.message`, textOf)),
    ...has('effect', optional(from['effect'], `${place}.effect`, truthOf)),
    ...has('crash', optional(from['crash'], `${place}.crash`, oneOf(MOMENTS))),
    ...has('crashStep', optional(from['crashStep'], `${place}.crashStep`, wholeOf)),
    ...has('notReadyMs', optional(from['notReady'], `${place}.notReady`, durationOf)),
    ...has('answer', optional(from['answer'], `${place}.answer`, distortionOf)),
    ...has('request', optional(from['request'], `${place}.request`, mishearingOf)),
  };
  if (rule.effect === true && rule.code === undefined)
    throw new ScenarioError(`${place}.effect says what happens beside a code; add code, or leave effect out`);
  if (rule.code === 'OK') throw new ScenarioError(`${place}.code OK is what is answered without a rule; leave code out`);
  return rule;
}

/** A field only where there is a value: an absent one stays absent. */
function has<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  const field: { [P in K]?: V } = {};
  if (value !== undefined) field[key] = value;
  return field;
}

type Read<T> = (value: unknown, place: string) => T;

const optional = <T>(value: unknown, place: string, read: Read<T>): T | undefined => (value === undefined ? undefined : read(value, place));

function fieldsOf(value: unknown, place: string, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ScenarioError(`${place} must be an object with ${known.join(', ')}`);
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) throw new ScenarioError(`${place}.${key} is unknown; ${nearest(key, known)}`);
  }
  return Object.fromEntries(Object.entries(value));
}

const textOf: Read<string> = (value, place) => {
  if (typeof value === 'string') return value;
  throw new ScenarioError(`${place} must be text`);
};

const textsOf: Read<Record<string, string>> = (value, place) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ScenarioError(`${place} must map names to text`);
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, textOf(text, `${place}.${key}`)]));
};

const truthOf: Read<boolean> = (value, place) => {
  if (typeof value === 'boolean') return value;
  throw new ScenarioError(`${place} must be true or false`);
};

const wholeOf: Read<number> = (value, place) => {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  throw new ScenarioError(`${place} must be a whole number from 0`);
};

const oneOf =
  <T extends string>(known: readonly T[]): Read<T> =>
  (value, place) => {
    const found = known.find((item) => item === value);
    if (found !== undefined) return found;
    throw new ScenarioError(`${place} is ${JSON.stringify(value)}; ${nearest(String(value), known)}`);
  };

const codeNames = Object.keys(CODES).filter((name): name is CodeName => Object.hasOwn(CODES, name));
const codeOf = oneOf(codeNames);

const callsOf: Read<{ from: number; to: number }> = (value, place) => {
  const [, first = '', dash = '', last = ''] = /^([1-9][0-9]{0,8})(-?)([1-9][0-9]{0,8})?$/.exec(String(value)) ?? [];
  if (first === '' || (dash === '' && last !== ''))
    throw new ScenarioError(`${place} must be a call number such as 1, a range such as 2-5, or 2- for all from there`);
  const from = Number(first);
  if (dash === '') return { from, to: from };
  return { from, to: last === '' ? Number.MAX_SAFE_INTEGER : Number(last) };
};

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

export const durationOf: Read<number> = (value, place) => {
  const [, amount, unit = ''] = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)$/.exec(String(value)) ?? [];
  const factor = UNITS[unit];
  if (amount === undefined || factor === undefined) throw new ScenarioError(`${place} must be a duration such as 200ms, 1.5s or 2m`);
  return Number(amount) * factor;
};

const SIZES: Readonly<Record<string, bigint>> = { '': 1n, Ki: 1n << 10n, Mi: 1n << 20n, Gi: 1n << 30n, Ti: 1n << 40n };

export const sizeOf: Read<bigint> = (value, place) => {
  const [, amount, unit = ''] = /^([0-9]{1,18})(Ki|Mi|Gi|Ti)?$/.exec(String(value)) ?? [];
  const factor = SIZES[unit];
  if (amount === undefined || factor === undefined) throw new ScenarioError(`${place} must be a size such as 1048576, 512Ki or 10Gi`);
  return BigInt(amount) * factor;
};

const pathsOf: Read<string[]> = (list, at) => {
  if (!Array.isArray(list)) throw new ScenarioError(`${at} must be a list of field paths such as volume.volume_id`);
  return list.map((path: unknown, index) => textOf(path, `${at}[${index}]`));
};

const valuesOf: Read<Record<string, unknown>> = (map, at) => {
  if (typeof map !== 'object' || map === null || Array.isArray(map))
    throw new ScenarioError(`${at} must map field paths such as volume.capacity_bytes`);
  return Object.fromEntries(Object.entries(map));
};

const mishearingOf: Read<Mishearing> = (value, place) => {
  const from = fieldsOf(value, place, ['set', 'drop']);
  return {
    ...has('set', optional(from['set'], `${place}.set`, valuesOf)),
    ...has('drop', optional(from['drop'], `${place}.drop`, pathsOf)),
  };
};

const distortionOf: Read<Distortion> = (value, place) => {
  const from = fieldsOf(value, place, ['set', 'drop', 'echo', 'huge', 'invalidUtf8']);
  const huge: Read<Record<string, number>> = (map, at) =>
    Object.fromEntries(
      Object.entries(valuesOf(map, at)).map(([path, amount]) => {
        const bytes = sizeOf(amount, `${at}.${path}`);
        if (bytes > MAX_HUGE) throw new ScenarioError(`${at}.${path} must be at most 64Mi`);
        return [path, Number(bytes)];
      }),
    );
  return {
    ...has('set', optional(from['set'], `${place}.set`, valuesOf)),
    ...has('drop', optional(from['drop'], `${place}.drop`, pathsOf)),
    ...has('echo', optional(from['echo'], `${place}.echo`, textsOf)),
    ...has('huge', optional(from['huge'], `${place}.huge`, huge)),
    ...has('invalidUtf8', optional(from['invalidUtf8'], `${place}.invalidUtf8`, pathsOf)),
  };
};

/** `did you mean rpc? Known are …`, with the guess only where it is close. */
function nearest(word: string, known: readonly string[]): string {
  const ranked = known
    .map((item) => ({ item, distance: distance(word.toLowerCase(), item.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  const guess = best !== undefined && best.distance <= Math.max(2, word.length / 3) ? `did you mean ${best.item}? ` : '';
  return `${guess}known are ${known.join(', ')}`;
}

/** Letters to add, drop or change. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
