/** What the API server serves of the kinds that a gate of the role is about; asked once at the start, as the Go program does. */
import { errorText } from '../lib/errors/error-text.ts';
import type { Logger } from '../lib/doors/log.ts';
import type { KubeClient } from '../lib/kube/client.ts';
import { VOLUME_ATTRIBUTES_CLASSES } from '../lib/kube/resources.ts';
import type { Gates } from '../lib/process/flag-value.ts';

export interface ServedQuestion {
  readonly client: Pick<KubeClient, 'raw'>;
  readonly log: Logger;
  readonly gate: Gates;
  readonly signal: AbortSignal;
}

/** False where the API server says that it does not serve the kind and nobody asked for it. Where nobody can say, the gate stands. */
export async function servesAttributesClasses({ client, log, gate, signal }: ServedQuestion): Promise<boolean> {
  const asked = gate.get('VolumeAttributesClass');
  if (asked?.explicit === true || asked?.enabled === false) return true;
  const { group, version, plural } = VOLUME_ATTRIBUTES_CLASSES;
  try {
    const found = (await client.raw(`/apis/${group}/${version}`, signal)) as { readonly resources?: readonly { readonly name?: string }[] };
    if (found.resources === undefined || found.resources.some(({ name }) => name === plural)) return true;
  } catch (error) {
    log.warn('cannot find out whether VolumeAttributesClasses are served', { error: errorText(error) });
    return true;
  }
  log.info('The API server serves no VolumeAttributesClass: what claims say of one is left alone');
  return false;
}
