/** A CreateVolumeRequest as JSON and back, without its secrets. Numbers of 64 bits are written as text. */
import type { CreateVolumeRequest, Topology, TopologyRequirement, VolumeCapability, VolumeContentSource } from '../../proto/gen/csi.ts';

type Json = Readonly<Record<string, unknown>>;

export function encodeRequest(request: CreateVolumeRequest): Json {
  const { requiredBytes, limitBytes } = request.capacityRange ?? { requiredBytes: 0n, limitBytes: 0n };
  const source = request.volumeContentSource?.type;
  return {
    name: request.name,
    requiredBytes: requiredBytes.toString(),
    limitBytes: limitBytes.toString(),
    capabilities: request.volumeCapabilities.map(encodeCapability),
    parameters: request.parameters,
    mutableParameters: request.mutableParameters,
    ...(source?.$case === 'snapshot' ? { snapshotId: source.value.snapshotId } : {}),
    ...(source?.$case === 'volume' ? { volumeId: source.value.volumeId } : {}),
    ...(request.accessibilityRequirements === undefined ? {} : { topology: encodeTopology(request.accessibilityRequirements) }),
  };
}

function encodeCapability({ accessType, accessMode }: VolumeCapability): Json {
  const mode = accessMode?.mode ?? 0;
  return accessType?.$case === 'mount'
    ? { mode, fsType: accessType.value.fsType, mountFlags: accessType.value.mountFlags }
    : { mode, block: true };
}

/** `preferred` is the requisite list rotated, as a rule: written as its start index, which halves the record. */
function encodeTopology({ requisite, preferred }: TopologyRequirement): Json {
  const segments = requisite.map((term) => term.segments);
  const first = JSON.stringify(preferred[0]?.segments);
  const start = segments.findIndex((term) => JSON.stringify(term) === first);
  const rotated = [...segments.slice(start), ...segments.slice(0, start)];
  const isRotation = start >= 0 && JSON.stringify(rotated) === JSON.stringify(preferred.map((term) => term.segments));
  return { requisite: segments, ...(isRotation ? { start } : { preferred: preferred.map((term) => term.segments) }) };
}

/** Undefined: not a request that this version wrote. */
export function decodeRequest(value: unknown): CreateVolumeRequest | undefined {
  if (!isObject(value)) return undefined;
  const requiredBytes = bytes(value['requiredBytes']);
  const limitBytes = bytes(value['limitBytes']);
  const capabilities = list(value['capabilities']).map(decodeCapability);
  if (requiredBytes === undefined || limitBytes === undefined || capabilities.includes(undefined)) return undefined;
  return {
    name: text(value['name']),
    capacityRange: { requiredBytes, limitBytes },
    volumeCapabilities: capabilities.filter((capability) => capability !== undefined),
    parameters: texts(value['parameters']),
    secrets: {},
    volumeContentSource: decodeSource(value),
    accessibilityRequirements: decodeTopology(value['topology']),
    mutableParameters: texts(value['mutableParameters']),
  };
}

function decodeCapability(value: unknown): VolumeCapability | undefined {
  if (!isObject(value)) return undefined;
  const mode = MODES.find((candidate) => candidate === value['mode']);
  if (mode === undefined) return undefined;
  const mountFlags = list(value['mountFlags']).map(text);
  return {
    accessMode: { mode },
    accessType:
      value['block'] === true
        ? { $case: 'block', value: {} }
        : { $case: 'mount', value: { fsType: text(value['fsType']), mountFlags, volumeMountGroup: '' } },
  };
}

const MODES = [0, 1, 2, 3, 4, 5, 6, 7] as const;

function decodeSource(value: Json): VolumeContentSource | undefined {
  const { snapshotId, volumeId } = value;
  if (typeof snapshotId === 'string') return { type: { $case: 'snapshot', value: { snapshotId } } };
  if (typeof volumeId === 'string') return { type: { $case: 'volume', value: { volumeId } } };
  return undefined;
}

function decodeTopology(value: unknown): TopologyRequirement | undefined {
  if (!isObject(value)) return undefined;
  const requisite = list(value['requisite']).map(decodeTerm);
  const { start } = value;
  if (typeof start === 'number') return { requisite, preferred: [...requisite.slice(start), ...requisite.slice(0, start)] };
  return { requisite, preferred: list(value['preferred']).map(decodeTerm) };
}

function decodeTerm(value: unknown): Topology {
  return { segments: texts(value) };
}

function bytes(value: unknown): bigint | undefined {
  return typeof value === 'string' && /^\d{1,19}$/.test(value) ? BigInt(value) : undefined;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function texts(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
