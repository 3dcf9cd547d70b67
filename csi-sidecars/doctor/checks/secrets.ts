/** Secrets that classes name: both halves of the name given, and the Secret there. Templates are known only per claim. */
import type { KubeObject } from '../../../lib/kube/objects.ts';
import { STORAGE_CLASSES, VOLUME_SNAPSHOT_CLASSES } from '../../../lib/kube/resources.ts';
import { type Case, type Check, isAsked } from '../check.ts';
import type { Finding, Unchecked } from '../finding.ts';
import { type Place, placeOf } from '../../reading/place.ts';

const NAME = /^(csi\.storage\.k8s\.io\/(?:.*-)?secret-)name$/;
const NAMESPACE = /^(csi\.storage\.k8s\.io\/(?:.*-)?secret-)namespace$/;

interface Named {
  readonly place: Place;
  readonly since: string | undefined;
  readonly stem: string;
  readonly name: string | undefined;
  readonly namespace: string | undefined;
}

export const SECRETS: Check = {
  name: 'secrets',
  run: async (given) => {
    const findings: Finding[] = [];
    const unchecked: Unchecked[] = [];
    for (const secret of secretsOf(given)) {
      const { place, since, stem, name, namespace } = secret;
      const common = {
        severity: 'error',
        where: place,
        since,
        breaks: 'the calls of the driver that need this secret are not made',
      } as const;
      if (name === undefined || namespace === undefined) {
        const lacking = `${stem}${name === undefined ? 'name' : 'namespace'}`;
        findings.push({
          ...common,
          what: `${stem}… is given by half: ${lacking} is missing`,
          fix: `parameters: {${lacking}: …} # in a class made anew`,
        });
        continue;
      }
      if (`${name}${namespace}`.includes('${')) continue;
      const found = await given.hasSecret({ name, namespace });
      if (found === undefined)
        unchecked.push({ what: `Secret ${namespace}/${name} of ${place.kind} ${place.name}`, why: 'you may not get it' });
      if (found === false)
        findings.push({
          ...common,
          what: `Secret ${namespace}/${name} (${stem}name) is not there`,
          fix: `kubectl create secret generic ${name} -n ${namespace} --from-literal=…`,
        });
    }
    return { findings, unchecked };
  },
};

function secretsOf(given: Case): Named[] {
  const { storageClasses, snapshotClasses } = given.survey;
  return [
    ...storageClasses.items
      .filter(({ provisioner }) => isAsked(given, provisioner))
      .flatMap((each) => named(placeOf(STORAGE_CLASSES, each), each)),
    ...snapshotClasses.items
      .filter(({ driver }) => isAsked(given, driver))
      .flatMap((each) => named(placeOf(VOLUME_SNAPSHOT_CLASSES, each), each)),
  ];
}

function named(place: Place, { metadata, parameters = {} }: KubeObject & { readonly parameters?: Record<string, string> }): Named[] {
  const stems = new Set(Object.keys(parameters).flatMap((key) => NAME.exec(key)?.[1] ?? NAMESPACE.exec(key)?.[1] ?? []));
  return [...stems].map((stem) => ({
    place,
    since: metadata?.creationTimestamp,
    stem,
    name: parameters[`${stem}name`],
    namespace: parameters[`${stem}namespace`],
  }));
}
