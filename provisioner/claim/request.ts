/**
 * The CreateVolumeRequest of a claim, apart from its content source and topology. Sources: CSI
 * specification (CreateVolume), the Go csi-provisioner (reserved parameters, access modes, fsType).
 *
 * A request never carries secrets here: they are read just before the call and nowhere else.
 */
import { VolumeCapability_AccessMode_Mode } from '../../proto/gen/csi.ts';
import type { CreateVolumeRequest, TopologyRequirement, VolumeCapability, VolumeContentSource } from '../../proto/gen/csi.ts';
import type { PersistentVolumeClaim, StorageClass } from '../../lib/kube/objects.ts';
import { toBytesRoundedUp } from '../../lib/kube/quantity.ts';
import { RESERVED_PREFIX } from '../facts/names.ts';
import { PURPOSES, secretFor, subjectOf } from '../facts/secrets.ts';
import type { SecretName } from '../../lib/sidecar/secret.ts';
import type { Parameters, Purpose } from '../facts/secrets.ts';

const RESERVED_KEYS: ReadonlySet<string> = new Set([
  `${RESERVED_PREFIX}fstype`,
  `${RESERVED_PREFIX}secret-name`,
  `${RESERVED_PREFIX}secret-namespace`,
  ...PURPOSES.flatMap((purpose) => [`${RESERVED_PREFIX}${purpose}-secret-name`, `${RESERVED_PREFIX}${purpose}-secret-namespace`]),
]);

export interface DraftInput {
  readonly claim: PersistentVolumeClaim;
  readonly class: StorageClass;
  readonly volumeName: string;
  readonly defaultFsType: string;
  readonly extraCreateMetadata: boolean;
  /** Keys of labels that the driver is told. */
  readonly copiedLabels?: readonly string[];
  /** The driver has SINGLE_NODE_MULTI_WRITER, which splits ReadWriteOnce from ReadWriteOncePod. */
  readonly singleNodeMultiWriter: boolean;
}

/** What claim and class say about the volume itself. */
export interface Wish {
  readonly volumeName: string;
  readonly requestedBytes: bigint;
  readonly capabilities: readonly VolumeCapability[];
  /** Empty for block volumes and where nobody names a file system. */
  readonly fsType: string;
  readonly block: boolean;
}

/** All that claim and class alone decide. */
export interface Draft extends Wish {
  readonly parameters: Parameters;
  /** Of the claim, for its PV. */
  readonly labels: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Partial<Record<Purpose, SecretName>>>;
}

interface Invalid {
  readonly kind: 'invalid';
  readonly message: string;
}

export type WishResult = { readonly kind: 'wish'; readonly wish: Wish } | Invalid;
export type DraftResult = { readonly kind: 'draft'; readonly draft: Draft } | Invalid;

/** What is looked at before the volume's source and place are. */
export function wishOf(input: DraftInput): WishResult {
  const { claim, class: storageClass, volumeName } = input;
  const invalid = (message: string): WishResult => ({ kind: 'invalid', message });
  if (claim.spec?.selector !== undefined && claim.spec.selector !== null) return invalid('claim Selector is not supported');
  const requestedBytes = toBytesRoundedUp(claim.spec?.resources?.requests?.storage ?? 0);
  if (requestedBytes === undefined || requestedBytes < 0n) return invalid('spec.resources.requests.storage is no quantity of bytes');
  const fsType = fsTypeOf(storageClass.parameters ?? {}, input.defaultFsType);
  if (fsType === undefined) return invalid(`fstype specified in parameters with both "fstype" and "${RESERVED_PREFIX}fstype" keys`);
  const block = claim.spec?.volumeMode === 'Block';
  // Repeats say nothing more, and a claim may hold thousands.
  const modes = [...new Set(claim.spec?.accessModes ?? [])].map((mode) => ({ mode, csi: accessMode(mode, input.singleNodeMultiWriter) }));
  const unknown = modes.find(({ csi }) => csi === undefined);
  if (unknown !== undefined) return invalid(`unsupported AccessMode combination: [${unknown.mode}]`);
  const capabilities = modes.map(({ csi }) => capability(csi, block ? undefined : { fsType, mountFlags: storageClass.mountOptions ?? [] }));
  return { kind: 'wish', wish: { volumeName, requestedBytes, capabilities, fsType: block ? '' : fsType, block } };
}

/** What is looked at afterwards: secrets, then parameters. */
export function draftOf(wish: Wish, { claim, class: storageClass, extraCreateMetadata, copiedLabels = [] }: DraftInput): DraftResult {
  const given = storageClass.parameters ?? {};
  const secrets: Partial<Record<Purpose, SecretName>> = {};
  for (const purpose of PURPOSES) {
    const secret = secretFor(purpose, given, subjectOf(claim, wish.volumeName));
    if (secret.kind === 'invalid') return secret;
    if (secret.kind === 'secret') secrets[purpose] = secret.ref;
  }
  const stripped = strip(given);
  if ('message' in stripped) return { kind: 'invalid', message: stripped.message };
  const labels = labelsOf(claim, copiedLabels);
  const metadata = { ...(extraCreateMetadata ? metadataParameters(claim, wish.volumeName) : {}), ...labelParameters(labels) };
  return { kind: 'draft', draft: { ...wish, parameters: { ...stripped.parameters, ...metadata }, labels, secrets } };
}

/** Undefined: named twice. The bare key is older, compared without case, and reaches the driver too. */
function fsTypeOf(parameters: Parameters, fallback: string): string | undefined {
  const named = Object.entries(parameters).filter(([key]) => key.toLowerCase() === 'fstype' || key === `${RESERVED_PREFIX}fstype`);
  if (named.length > 1) return undefined;
  return named[0]?.[1] || fallback;
}

function strip(parameters: Parameters): { readonly parameters: Parameters } | { readonly message: string } {
  const kept: Record<string, string> = {};
  for (const [key, value] of Object.entries(parameters)) {
    if (!key.startsWith(RESERVED_PREFIX)) kept[key] = value;
    else if (!RESERVED_KEYS.has(key))
      return {
        message: `failed to strip CSI Parameters of prefixed keys: found unknown parameter key "${key}" with reserved namespace ${RESERVED_PREFIX}`,
      };
  }
  return { parameters: kept };
}

function metadataParameters(claim: PersistentVolumeClaim, volumeName: string): Parameters {
  return {
    [`${RESERVED_PREFIX}pvc/name`]: claim.metadata?.name ?? '',
    [`${RESERVED_PREFIX}pvc/namespace`]: claim.metadata?.namespace ?? '',
    [`${RESERVED_PREFIX}pv/name`]: volumeName,
  };
}

function labelsOf({ metadata }: PersistentVolumeClaim, keys: readonly string[]): Readonly<Record<string, string>> {
  const present = new Map(Object.entries(metadata?.labels ?? {}));
  return Object.fromEntries(keys.flatMap((key) => (present.has(key) ? [[key, present.get(key) ?? '']] : [])));
}

function labelParameters(labels: Readonly<Record<string, string>>): Parameters {
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [`${RESERVED_PREFIX}pvc/labels/${key}`, value]));
}

const MODE = VolumeCapability_AccessMode_Mode;

function accessMode(mode: string, split: boolean): VolumeCapability_AccessMode_Mode | undefined {
  switch (mode) {
    case 'ReadWriteOnce':
      return split ? MODE.SINGLE_NODE_MULTI_WRITER : MODE.SINGLE_NODE_WRITER;
    case 'ReadWriteOncePod':
      return split ? MODE.SINGLE_NODE_SINGLE_WRITER : MODE.SINGLE_NODE_WRITER;
    case 'ReadOnlyMany':
      return MODE.MULTI_NODE_READER_ONLY;
    case 'ReadWriteMany':
      return MODE.MULTI_NODE_MULTI_WRITER;
    default:
      return undefined;
  }
}

function capability(
  mode: VolumeCapability_AccessMode_Mode | undefined,
  mount: { fsType: string; mountFlags: string[] } | undefined,
): VolumeCapability {
  return {
    accessType:
      mount === undefined
        ? { $case: 'block', value: {} }
        : { $case: 'mount', value: { ...mount, mountFlags: [...mount.mountFlags], volumeMountGroup: '' } },
    accessMode: { mode: mode ?? MODE.UNKNOWN },
  };
}

export interface RequestParts {
  readonly contentSource?: VolumeContentSource | undefined;
  readonly topology?: TopologyRequirement | undefined;
  readonly mutableParameters?: Parameters | undefined;
}

export function requestOf(draft: Draft, { contentSource, topology, mutableParameters }: RequestParts): CreateVolumeRequest {
  return {
    name: draft.volumeName,
    capacityRange: { requiredBytes: draft.requestedBytes, limitBytes: 0n },
    volumeCapabilities: [...draft.capabilities],
    parameters: { ...draft.parameters },
    secrets: {},
    volumeContentSource: contentSource,
    accessibilityRequirements: topology,
    mutableParameters: { ...mutableParameters },
  };
}
