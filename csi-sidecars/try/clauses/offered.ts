/** Which calls the capabilities of a driver promise. */
import { ControllerServiceCapability_RPC_Type as Controller, NodeServiceCapability_RPC_Type as Node } from '../../../proto/gen/csi.ts';
import type { AnyCall } from '../journal/call.ts';
import { callsOf, okOf } from '../journal/call.ts';
import type { RpcName } from '../journal/messages.ts';

const OF_CONTROLLER: Readonly<Record<string, readonly RpcName[]>> = {
  CREATE_DELETE_VOLUME: ['CreateVolume', 'DeleteVolume', 'ValidateVolumeCapabilities'],
  PUBLISH_UNPUBLISH_VOLUME: ['ControllerPublishVolume', 'ControllerUnpublishVolume'],
  LIST_VOLUMES: ['ListVolumes'],
  GET_CAPACITY: ['GetCapacity'],
  CREATE_DELETE_SNAPSHOT: ['CreateSnapshot', 'DeleteSnapshot'],
  LIST_SNAPSHOTS: ['ListSnapshots'],
  EXPAND_VOLUME: ['ControllerExpandVolume'],
  MODIFY_VOLUME: ['ControllerModifyVolume'],
};
const OF_NODE: Readonly<Record<string, readonly RpcName[]>> = { STAGE_UNSTAGE_VOLUME: ['NodeStageVolume', 'NodeUnstageVolume'] };
const OF_GROUPS: readonly RpcName[] = ['CreateVolumeGroupSnapshot', 'DeleteVolumeGroupSnapshot', 'GetVolumeGroupSnapshot'];

/** RPC → the capability that promises it. */
export function offeredRpcs(calls: readonly AnyCall[]): ReadonlyMap<RpcName, string> {
  const offered = new Map<RpcName, string>();
  for (const call of callsOf(calls, 'ControllerGetCapabilities'))
    for (const { type } of okOf(call)?.capabilities ?? []) add(offered, OF_CONTROLLER, nameOf(Controller, type?.value.type));
  for (const call of callsOf(calls, 'NodeGetCapabilities'))
    for (const { type } of okOf(call)?.capabilities ?? []) add(offered, OF_NODE, nameOf(Node, type?.value.type));
  if (callsOf(calls, 'GroupControllerGetCapabilities').some((call) => (okOf(call)?.capabilities.length ?? 0) > 0))
    for (const rpc of OF_GROUPS) offered.set(rpc, 'CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT');
  return offered;
}

function add(offered: Map<RpcName, string>, table: Readonly<Record<string, readonly RpcName[]>>, name: string): void {
  for (const rpc of table[name] ?? []) offered.set(rpc, name);
}

function nameOf(names: Readonly<Record<string, number>>, value: number | undefined): string {
  return Object.keys(names).find((name) => names[name] === value) ?? '';
}
