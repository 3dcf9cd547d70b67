/** Reads the secret of a driver call: by name (RBAC may allow no more), live, at every attempt, and hands it to the call and to nobody else. */
import { isUtf8 } from 'node:buffer';
import type { KubeClient } from '../kube/client.ts';
import { SECRETS } from '../kube/resources.ts';
import type { SecretName, SecretValues } from './secret.ts';

export interface ReadSecret {
  readonly secret: SecretValues;
  /** Keys whose values are no UTF-8 text, as CSI has them: replacement characters make them other credentials. */
  readonly garbled: readonly string[];
}

/** Rejects with ApiError. */
export async function readSecret(client: Pick<KubeClient, 'get'>, of: SecretName, signal: AbortSignal): Promise<ReadSecret> {
  const { data } = await client.get(SECRETS, of, signal);
  const entries = Object.entries(data ?? {}).map(([key, value]) => ({ key, bytes: Buffer.from(value, 'base64') }));
  const values = Object.fromEntries(entries.map(({ key, bytes }) => [key, bytes.toString('utf8')]));
  return { secret: { of, reveal: () => values }, garbled: entries.filter(({ bytes }) => !isUtf8(bytes)).map(({ key }) => key) };
}
