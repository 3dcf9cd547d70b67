/** The classes and secrets that a trial works with: those of the file that was given, or plain ones. */
import { loadAll } from 'js-yaml';
import { ConfigError } from '../../../lib/errors/config-error.ts';
import type { KubeObject, Secret, StorageClass, VolumeAttributesClass, VolumeSnapshotClass } from '../../../lib/kube/objects.ts';

export interface TryClasses {
  readonly storageClass: StorageClass;
  readonly snapshotClass: VolumeSnapshotClass;
  readonly attributesClass: VolumeAttributesClass | undefined;
  readonly secrets: readonly Secret[];
}

const PREFIX = 'csi.storage.k8s.io/';
export const CLASS_NAME = 'try';

/** Documents of a file. Throws ConfigError naming what cannot be used. */
export function readClassFile(text: string, file: string): KubeObject[] {
  let documents: unknown[];
  try {
    documents = loadAll(text);
  } catch (error) {
    throw new ConfigError(`--class=${file} is no YAML: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`, {
      cause: error,
    });
  }
  return documents.flatMap((document) => {
    if (document === null || document === undefined) return [];
    const kind = typeof document === 'object' && 'kind' in document ? String(document.kind) : 'nothing';
    if (!KINDS.has(kind))
      throw new ConfigError(`--class=${file} holds ${kind}: it may hold one ${[...KINDS].slice(0, 3).join(', one ')}, and Secrets`);
    return [document];
  });
}

const KINDS: ReadonlySet<string> = new Set(['StorageClass', 'VolumeSnapshotClass', 'VolumeAttributesClass', 'Secret']);

/** Throws ConfigError where a class names another driver. */
export function classesFor(driver: string, documents: readonly KubeObject[]): TryClasses {
  const find = (kind: string): KubeObject | undefined => documents.find((document) => document.kind === kind);
  const storage: StorageClass | undefined = find('StorageClass');
  const snapshot: VolumeSnapshotClass | undefined = find('VolumeSnapshotClass');
  const attributes: VolumeAttributesClass | undefined = find('VolumeAttributesClass');
  for (const [kind, named] of [
    ['StorageClass', storage?.provisioner],
    ['VolumeSnapshotClass', snapshot?.driver],
    ['VolumeAttributesClass', attributes?.driverName],
  ] as const)
    if (named !== undefined && named !== driver)
      throw new ConfigError(`--class: the ${kind} is of ${named}, the driver calls itself ${driver}`);
  const metadata = { name: CLASS_NAME };
  return {
    storageClass: {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      provisioner: driver,
      ...storage,
      metadata,
      // What is made here must go again, and must not wait for a Pod where no step has one.
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'Immediate',
      allowVolumeExpansion: true,
    },
    snapshotClass: {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshotClass',
      driver,
      ...snapshot,
      metadata,
      deletionPolicy: 'Delete',
    },
    attributesClass: attributes,
    secrets: documents
      .filter((document) => document.kind === 'Secret')
      .map((secret) => withData(secret as Secret & { stringData?: Record<string, string> })),
  };
}

function withData({ stringData, ...secret }: Secret & { stringData?: Record<string, string> }): Secret {
  const encoded = Object.entries(stringData ?? {}).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return {
    ...secret,
    metadata: { namespace: 'default', ...secret.metadata },
    data: { ...secret.data, ...(Object.fromEntries(encoded) as Record<string, string>) },
  };
}

/** What the driver is given of a class: all but what the sidecars read themselves. */
export function parametersOf({ parameters = {} }: { parameters?: Record<string, string> }): Record<string, string> {
  return Object.fromEntries(Object.entries(parameters).filter(([key]) => !key.startsWith(PREFIX)));
}

/** The secret that a class names for a purpose (`provisioner`, `snapshotter`, `node-stage`, …); names with `${…}` are not resolved here. */
export function secretOf(
  parameters: Readonly<Record<string, string>> | undefined,
  purpose: string,
  secrets: readonly Secret[],
): Record<string, string> {
  const name = parameters?.[`${PREFIX}${purpose}-secret-name`];
  const namespace = parameters?.[`${PREFIX}${purpose}-secret-namespace`];
  const found = secrets.find(({ metadata }) => metadata?.name === name && metadata?.namespace === namespace);
  const pairs = Object.entries(found?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')] as const);
  return name === undefined ? {} : Object.fromEntries(pairs);
}
