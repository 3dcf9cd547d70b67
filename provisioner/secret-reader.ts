/** Reads the secret of a driver call: by name, live, at every attempt, and hands it to the call and to nobody else. */
import type { KubeClient } from '../lib/kube/client.ts';
import { SECRETS } from '../lib/kube/resources.ts';
import type { SecretName } from './secrets.ts';

/** Rejects with ApiError. Values that are no UTF-8 are sent as the protocol has it: with replacement characters. */
export async function readSecret(
  client: Pick<KubeClient, 'get'>,
  { name, namespace }: SecretName,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const secret = await client.get(SECRETS, { name, namespace }, signal);
  return Object.fromEntries(Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]));
}
