/**
 * `csi-sidecars import --handle=ID --driver=NAME --name=NAME`: the pair of objects for a snapshot that exists in the
 * storage, checked and printed; with --create made in the cluster.
 */
import { createHash } from 'node:crypto';
import { ConfigError } from '../../lib/errors/config-error.ts';
import { isAlreadyExists } from '../../lib/kube/api-error.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';
import { VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import type { Flag } from '../../lib/process/flag.ts';
import type { OptionsOf } from '../../lib/process/flags.ts';
import { withDriver } from '../driver/connect.ts';
import { KUBECONFIG_FLAG, namespaceFlag, withCluster } from '../frame/cluster.ts';
import type { VerbInput } from '../frame/verb.ts';
import { defineVerb } from '../frame/verb.ts';
import { checkWithCluster, checkWithDriver } from './check.ts';
import { manifestLines } from './manifest.ts';
import type { SnapshotPair } from './snapshot-pair.ts';
import { snapshotPair } from './snapshot-pair.ts';

const FLAGS = [
  KUBECONFIG_FLAG,
  { name: 'handle', type: 'string', default: '', help: "The driver's id of the snapshot. Required.", origin: 'ours' },
  { name: 'driver', type: 'string', default: '', help: 'Name of the driver. Required.', origin: 'ours' },
  { name: 'name', type: 'string', default: '', help: 'Name of the VolumeSnapshot. Required.', origin: 'ours' },
  namespaceFlag('Its namespace'),
  { name: 'class', type: 'string', default: '', help: 'VolumeSnapshotClass of both objects.', origin: 'ours' },
  {
    name: 'deletion-policy',
    type: 'string',
    default: 'Retain',
    choices: ['Retain', 'Delete'],
    help: 'Delete: the snapshot goes with its VolumeSnapshot.',
    origin: 'ours',
  },
  {
    name: 'source-volume-mode',
    type: 'string',
    default: '',
    choices: ['', 'Filesystem', 'Block'],
    help: 'Mode of the volume that was cut; given, no other mode is restored from it.',
    origin: 'ours',
  },
  {
    name: 'csi-address',
    type: 'string',
    default: '',
    help: 'Socket of the driver, to ask it whether it has the snapshot.',
    origin: 'ours',
  },
  { name: 'timeout', type: 'duration', default: '30s', min: 100, help: 'How long each call of the driver may take.', origin: 'ours' },
  { name: 'create', type: 'bool', default: 'false', help: 'Make the objects instead of printing them.', origin: 'ours' },
] as const satisfies readonly Flag[];

type Input = VerbInput<OptionsOf<typeof FLAGS>>;

export const IMPORT = defineVerb({
  name: 'import',
  about: 'makes the VolumeSnapshot and its content for a snapshot that exists in the storage',
  example: 'csi-sidecars import --handle=snap-0123 --driver=d.example --name=restored -n team',
  schemaVersion: 1,
  flags: FLAGS,
  run: async (input) => {
    const { options, signal } = input;
    const missing = (['handle', 'driver', 'name'] as const).filter((name) => options[name] === '');
    if (missing.length > 0)
      throw new ConfigError(
        missing.map((name) => `--${name} is missing`),
        { exitCode: 2 },
      );
    const checked = options.csiAddress === '' ? 'not checked with the driver: no --csi-address' : await askDriver(input);
    return withCluster(input, { ...options, verb: 'import' }, async ({ client, namespace }) => {
      await checkWithCluster(client, options, signal);
      const pair = pairFor(options, namespace);
      if (options.create) await create(client, pair, signal);
      const objects = [pair.content, pair.snapshot];
      return {
        found: false,
        json: { created: options.create, checked, objects },
        lines: () =>
          options.create
            ? [`${checked}`, ...objects.map(({ kind, metadata }) => `${kind ?? ''}/${metadata?.name ?? ''} created`)]
            : manifestLines([{ remark: checked, object: pair.content }, { object: pair.snapshot }]),
      };
    });
  },
});

function askDriver(input: Input): Promise<string> {
  return withDriver(input, input.options, (driver) => checkWithDriver(driver, input.options, input.signal));
}

/** The content is named after the snapshot it stands for, so that importing it twice meets the first. */
function pairFor(options: Input['options'], namespace: string): SnapshotPair {
  const { driver, handle, name, deletionPolicy, sourceVolumeMode } = options;
  const digest = createHash('sha256').update(`${driver} ${handle}`).digest('hex').slice(0, 20);
  return snapshotPair({
    driver,
    handle,
    namespace,
    name,
    contentName: `imported-${digest}`,
    deletionPolicy,
    className: options.class,
    ...(sourceVolumeMode === '' ? {} : { sourceVolumeMode }),
  });
}

/**
 * The snapshot first: where the second cannot be made, the first is taken away, and to take away a content with policy
 * Delete would take the data.
 */
async function create(client: KubeClient, { content, snapshot }: SnapshotPair, signal: AbortSignal): Promise<void> {
  const put = async <T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> => {
    try {
      return await client.create(resource, object, { signal });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const text = `${resource.kind} ${object.metadata?.name ?? ''} exists already: choose another --name, or delete it`;
      throw new ConfigError(text, { cause: error });
    }
  };
  const { metadata } = await put(VOLUME_SNAPSHOTS, snapshot);
  try {
    await put(VOLUME_SNAPSHOT_CONTENTS, content);
  } catch (error) {
    const target = { namespace: metadata?.namespace ?? '', name: metadata?.name ?? '' };
    await client.delete(VOLUME_SNAPSHOTS, target, { uid: metadata?.uid ?? '', signal });
    throw error;
  }
}
