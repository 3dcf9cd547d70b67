/** CSIStorageCapacity: one object for a class and a place, or the scheduler believes whichever it meets. */
import { CSI_STORAGE_CAPACITIES } from '../../../lib/kube/resources.ts';
import type { CsiStorageCapacity, LabelSelector } from '../../../lib/kube/objects.ts';
import { type Case, type Check, isAsked } from '../check.ts';
import type { Finding } from '../finding.ts';
import { placeOf } from '../../reading/place.ts';
import { groupBy } from '../group-by.ts';

export const CAPACITY: Check = { name: 'capacity', run: (given) => ({ findings: [...duplicates(given), ...ofNoClass(given)] }) };

function driverOf({ storageClassName }: CsiStorageCapacity, { storageClasses }: Case['survey']): string | undefined {
  return storageClasses.items.find(({ metadata }) => metadata?.name === storageClassName)?.provisioner;
}

function duplicates(given: Case): Finding[] {
  const asked = given.survey.capacities.items.filter((each) => isAsked(given, driverOf(each, given.survey)));
  const groups = groupBy(asked, ({ storageClassName, nodeTopology }) => `${storageClassName}\n${segmentOf(nodeTopology)}`);
  return [...groups.values()].flatMap((same): Finding[] => {
    const sorted = [...same].sort((a, b) => ((a.metadata?.creationTimestamp ?? '') < (b.metadata?.creationTimestamp ?? '') ? -1 : 1));
    const [first, second] = sorted;
    if (first === undefined || second === undefined) return [];
    const place = segmentOf(second.nodeTopology);
    const names = sorted.map(({ metadata }) => `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`).join(', ');
    return [
      {
        severity: 'warning',
        what: `${same.length} objects give the capacity of class ${second.storageClassName ?? ''} ${place === '' ? 'everywhere' : `at ${place}`}: ${names}`,
        where: placeOf(CSI_STORAGE_CAPACITIES, second),
        since: second.metadata?.creationTimestamp,
        breaks: 'the scheduler may send Pods to where there is no room, or keep them from where there is',
        fix: `kubectl delete csistoragecapacity ${second.metadata?.name ?? ''} -n ${second.metadata?.namespace ?? ''} # whoever publishes capacity makes again what is missing`,
      },
    ];
  });
}

function ofNoClass({ survey, driver }: Case): Finding[] {
  if (driver !== undefined || survey.storageClasses.blind !== undefined) return [];
  return survey.capacities.items
    .filter((each) => driverOf(each, survey) === undefined)
    .map((each) => ({
      severity: 'warning',
      what: `it is about StorageClass ${each.storageClassName ?? ''}, which is not there`,
      where: placeOf(CSI_STORAGE_CAPACITIES, each),
      since: each.metadata?.creationTimestamp,
      breaks: 'nothing yet; its owner no longer cleans up after itself',
      fix: `kubectl delete csistoragecapacity ${each.metadata?.name ?? ''} -n ${each.metadata?.namespace ?? ''}`,
    }));
}

/** Selectors that say the same are the same text. */
function segmentOf({ matchLabels = {}, matchExpressions = [] }: LabelSelector = {}): string {
  const expressions = matchExpressions.map(({ key = '', operator = '', values = [] }) =>
    operator === 'In' && values.length === 1 ? `${key}=${values[0]}` : `${key} ${operator} ${[...values].sort().join('|')}`,
  );
  return [...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`), ...expressions].sort().join(', ');
}
