/** What concerns the one node that is served, where there is a provisioner on every node. Pure. */
import type { NodeSelectorRequirement, PersistentVolume, PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import { SELECTED_NODE } from './names.ts';
import type { ServedNode } from './settings.ts';

/** The node that the claim's volume is to be made on, as nodes agree on it; empty: none yet. */
export function agreedNode(claim: PersistentVolumeClaim): string {
  return claim.metadata?.annotations?.[SELECTED_NODE] ?? '';
}

/** Can the volume be reached from the node? As in the Go program, whatever says nothing can be reached. */
export function isReachable({ spec }: PersistentVolume, node: ServedNode | undefined): boolean {
  const terms = spec?.nodeAffinity?.required?.nodeSelectorTerms;
  const segments = node?.segments;
  if (segments === undefined || terms === undefined) return true;
  return terms.some(
    ({ matchExpressions = [], matchFields = [] }) =>
      matchExpressions.length > 0 && matchFields.length === 0 && matchExpressions.every((expression) => fits(expression, segments)),
  );
}

/** As a node selector reads labels. */
function fits({ key = '', operator, values = [] }: NodeSelectorRequirement, labels: Readonly<Record<string, string>>): boolean {
  const label = labels[key];
  switch (operator) {
    case 'In':
      return label !== undefined && values.includes(label);
    case 'NotIn':
      return label === undefined || !values.includes(label);
    case 'Exists':
      return label !== undefined;
    case 'DoesNotExist':
      return label === undefined;
    case 'Gt':
      return Number(label) > Number(values[0]);
    case 'Lt':
      return Number(label) < Number(values[0]);
    default:
      return false;
  }
}
