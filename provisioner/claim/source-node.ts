/** A volume is filled where its source is. With a provisioner on every node another node cannot do it. Pure. */
import { SNAPSHOT_NODE_LABEL } from '../facts/names.ts';
import { isReachable } from '../facts/node.ts';
import type { Preparation } from './preparation.ts';
import { reschedule } from './steps.ts';
import type { ClaimDecision, ClaimState } from './state.ts';

/** The claim is given back, so that another node is chosen. */
export function giveBack(state: ClaimState, preparation: Preparation): ClaimDecision | undefined {
  const why = sourceElsewhere(state, preparation);
  return why === undefined ? undefined : reschedule(state, why);
}

/** Why the source cannot be read on this node; undefined where it can, or where nobody says. */
export function sourceElsewhere({ settings: { node }, source, live }: ClaimState, { found }: Preparation): string | undefined {
  if (node === undefined || found === undefined) return undefined;
  const { namespace, name } = found.reference;
  if (found.reference.kind === 'claim') {
    if (source.volume === undefined || isReachable(source.volume, node)) return undefined;
    return `the volume of source PersistentVolumeClaim ${namespace}/${name} cannot be reached from node "${node.name}": another node has to be selected`;
  }
  const holder = live.content?.object?.metadata?.labels?.[SNAPSHOT_NODE_LABEL];
  if (holder === undefined || holder === node.name) return undefined;
  return `VolumeSnapshot ${namespace}/${name} is on node "${holder}", and node "${node.name}" is selected: another node has to be selected`;
}
