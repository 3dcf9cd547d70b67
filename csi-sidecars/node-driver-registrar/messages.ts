/** The two messages of kubelet's plugin registration, field by field. Source: k8s.io/kubelet/pkg/apis/pluginregistration/v1. */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

export interface PluginInfo {
  /** `CSIPlugin` */
  readonly type: string;
  /** As the driver names itself. */
  readonly name: string;
  /** The driver's socket, as kubelet finds it on its node. */
  readonly endpoint: string;
  readonly supportedVersions: readonly string[];
}

export interface RegistrationStatus {
  readonly registered: boolean;
  readonly error: string;
}

const TYPE = 1;
const NAME = 2;
const ENDPOINT = 3;
const VERSIONS = 4;
const REGISTERED = 1;
const ERROR = 2;

export function encodePluginInfo({ type, name, endpoint, supportedVersions }: PluginInfo): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(TYPE, WireType.LengthDelimited).string(type);
  writer.tag(NAME, WireType.LengthDelimited).string(name);
  writer.tag(ENDPOINT, WireType.LengthDelimited).string(endpoint);
  for (const version of supportedVersions) writer.tag(VERSIONS, WireType.LengthDelimited).string(version);
  return writer.finish();
}

/** Fields that later versions may add are skipped. */
export function decodeRegistrationStatus(bytes: Uint8Array): RegistrationStatus {
  const reader = new BinaryReader(bytes);
  let registered = false;
  let error = '';
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === REGISTERED && wire === WireType.Varint) registered = reader.bool();
    else if (field === ERROR && wire === WireType.LengthDelimited) error = reader.string();
    else reader.skip(wire);
  }
  return { registered, error };
}
