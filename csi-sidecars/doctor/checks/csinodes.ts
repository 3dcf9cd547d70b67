/** Topology: keys that drivers report against labels of nodes, and allowedTopologies of classes against both. */
import { CSI_NODES, STORAGE_CLASSES } from '../../../lib/kube/resources.ts';
import { type Case, type Check, isAsked } from '../check.ts';
import type { Finding } from '../finding.ts';
import { placeOf } from '../../reading/place.ts';

export const CSINODES: Check = {
  name: 'csinodes',
  run: (given) => ({ findings: given.survey.csiNodes.blind === undefined ? [...labels(given), ...allowed(given)] : [] }),
};

function labelsOf({ nodes }: Case['survey'], name: string | undefined): Readonly<Record<string, string>> | undefined {
  const node = nodes.items.find(({ metadata }) => metadata?.name === name);
  return node === undefined ? undefined : (node.metadata?.labels ?? {});
}

/** A key without a label: the kubelet writes both, somebody took the label away. */
function labels(given: Case): Finding[] {
  return given.survey.csiNodes.items.flatMap((csiNode) =>
    (csiNode.spec?.drivers ?? []).flatMap(({ name = '', topologyKeys }) => {
      const node = labelsOf(given.survey, csiNode.metadata?.name);
      const missing = isAsked(given, name) && node !== undefined ? (topologyKeys ?? []).filter((key) => node[key] === undefined) : [];
      return missing.map(
        (key): Finding => ({
          severity: 'error',
          what: `driver ${name} reports the topology key ${key}, and the node has no such label`,
          where: placeOf(CSI_NODES, csiNode),
          since: csiNode.metadata?.creationTimestamp,
          breaks:
            'no volume is made for this node; in a class without late binding none at all where the node is the first to be looked at',
          fix: `kubectl label node ${csiNode.metadata?.name ?? ''} ${key}=VALUE # or restart the node part of the driver, so that the kubelet writes it`,
        }),
      );
    }),
  );
}

function allowed(given: Case): Finding[] {
  const { survey } = given;
  return survey.storageClasses.items.flatMap((each) => {
    const provisioner = each.provisioner ?? '';
    const members = survey.csiNodes.items.filter(({ spec }) => spec?.drivers?.some(({ name }) => name === provisioner));
    const terms = each.allowedTopologies ?? [];
    if (terms.length === 0 || members.length === 0 || !isAsked(given, provisioner)) return [];
    const keys = new Set(members.flatMap(({ spec }) => spec?.drivers?.find(({ name }) => name === provisioner)?.topologyKeys ?? []));
    const common = {
      severity: 'error',
      where: placeOf(STORAGE_CLASSES, each),
      since: each.metadata?.creationTimestamp,
      breaks: 'claims of this class stay Pending',
    } as const;
    const strange = [
      ...new Set(terms.flatMap(({ matchLabelExpressions = [] }) => matchLabelExpressions.map(({ key = '' }) => key))),
    ].filter((key) => !keys.has(key));
    if (strange.length > 0) {
      const known = keys.size === 0 ? 'none' : [...keys].join(', ');
      const fix = `allowedTopologies: with keys out of ${known} # in a class made anew`;
      return [{ ...common, what: `allowedTopologies names ${strange.join(', ')}, and ${provisioner} reports ${known} on its nodes`, fix }];
    }
    const fits = members.some(({ metadata }) => {
      const own = labelsOf(survey, metadata?.name) ?? {};
      return terms.some(({ matchLabelExpressions = [] }) =>
        matchLabelExpressions.every(({ key = '', values = [] }) => own[key] !== undefined && values.includes(own[key])),
      );
    });
    if (fits) return [];
    const wanted = terms
      .map(({ matchLabelExpressions = [] }) =>
        matchLabelExpressions.map(({ key, values = [] }) => `${key}=${values.join('|')}`).join(' and '),
      )
      .join(', or ');
    return [
      {
        ...common,
        what: `no node of ${provisioner} is where allowedTopologies says: ${wanted}`,
        fix: `kubectl get nodes -L ${[...keys].join(',')}`,
      },
    ];
  });
}
