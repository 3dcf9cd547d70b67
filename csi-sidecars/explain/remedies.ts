/** Command lines that help, as people type them: behind the # stands what is to be done with what the command shows or took away. */
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';
import type { SecretName } from '../../lib/sidecar/secret.ts';
import { kubectlName, type Place } from '../reading/place.ts';

/** The specs of claims and snapshots cannot be changed: `how` it is to be, the next time. */
export function makeAgain(place: Place, how: string): string {
  return `kubectl delete ${kubectlName(place)} # then make it again ${how}`;
}

/** `or`: what helps where it is not to be made. */
export function lookAndMake({ plural }: Resource<KubeObject>, { name, namespace }: Omit<Place, 'kind'>, or: string): string {
  return `kubectl get ${plural}${namespace === undefined ? '' : ` -n ${namespace}`} # make ${name}, or ${or}`;
}

export function makeSecret({ name, namespace }: SecretName): string {
  return `kubectl create secret generic ${name} -n ${namespace} --from-literal=KEY=VALUE # with the keys that the driver asks for`;
}

/** Where there is but one class that can be the default, it is named. */
export function makeDefault({ plural }: Resource<KubeObject>, annotation: string, classes: readonly KubeObject[]): string {
  const [only, ...more] = classes.map(({ metadata }) => metadata?.name ?? '');
  const name = only === undefined || more.length > 0 ? 'NAME' : only;
  return `kubectl annotate ${plural} ${name} ${annotation}=true`;
}

/** A logfile where the driver's part of an error is. */
export function logsOf(sidecar: string, driver: string): string {
  return `kubectl logs -n NAMESPACE POD -c ${sidecar} # of the controller part of ${driver}; once the driver can, it goes on by itself`;
}

export function takeFinalizersOff(place: Place): string {
  return `kubectl patch ${kubectlName(place)} --type=merge -p '{"metadata":{"finalizers":null}}'`;
}

/** Where its driver is gone for good. */
export function deleteByHand(place: Place): string {
  return `delete the storage by hand and ${takeFinalizersOff(place)}`;
}
