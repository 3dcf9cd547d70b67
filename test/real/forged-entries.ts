/**
 * A thief who may write Leases in the driver's namespace, and nothing else that matters: entries and whole journals that
 * csi-provisioner never wrote. The forms are written out here by eyes of our own, not by the code that is judged.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { KubeObject, Lease, PersistentVolume, PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import { EVENTS, LEASES, PERSISTENT_VOLUME_CLAIMS, SECRETS, STORAGE_CLASSES } from '../../lib/kube/resources.ts';
import { installCrds, readCrds } from '../../harness/crds.ts';
import type { DriverCall, DriverControl } from '../../harness/driver-control.ts';
import { type Kube, openKube } from '../../harness/kube.ts';
import { type MockDriver, startSteeredDriver } from '../../harness/mock-driver.ts';
import { openRawClient } from '../../harness/raw-http.ts';
import { repositoryRoot } from '../../harness/repository.ts';
import type { Program } from '../../harness/stage.ts';
import { eventually } from '../../harness/wait.ts';
import { type ControlPlane, startControlPlane } from '../../harness/real/control-plane.ts';
import { type BoundClaim, NAMESPACES, openScene, provision, type Scene } from './main-job.ts';
import { startProgram } from './programs.ts';

export const DRIVER = 'forged.csi.example';
/** Where the manifests put the account and the Leases. */
export const LEASE_NAMESPACE = 'default';
export const HEAD = `csi-journal-${DRIVER}`;
const JOURNAL = 'csi-sidecars/journal';
const ENTRIES = 'csi-sidecars/entries';
const PROVISIONER = `system:serviceaccount:${LEASE_NAMESPACE}:csi-provisioner`;
/** A secret of another team. No class and no PV names it. */
const CROWN = { name: 'crown', namespace: 'vault' } as const;
export const WAITING_CLASS = 'waiting';
export const STRANGE_CLASS = 'strange';

export type Json = Readonly<Record<string, unknown>>;

export interface ForgedWorld {
  readonly plane: ControlPlane;
  readonly driver: MockDriver;
  readonly control: DriverControl;
  /** Another tenant, with a volume. */
  readonly victim: Scene;
  readonly treasure: BoundClaim;
  readonly thieves: Scene;
  /** Every state of every PV and every Lease that a watch has shown. */
  readonly seenVolumes: readonly PersistentVolume[];
  readonly seenLeases: readonly Lease[];
  readonly program: () => Program;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The thief writes these beside what stands in the journal. `owner`: under that name. */
  forge(entries: Json, owner?: string): Promise<void>;
  /** The thief writes these very annotations. */
  deface(annotations: Json): Promise<void>;
  /** Pending until the provisioner gets to it. */
  claimOf(name: string, storageClass?: string): Promise<PersistentVolumeClaim>;
  close(): Promise<void>;
}

export async function openForgedWorld(): Promise<ForgedWorld> {
  const plane = await startControlPlane({ audit: true });
  try {
    return await raise(plane);
  } catch (error) {
    await plane.stop();
    throw error;
  }
}

async function raise(plane: ControlPlane): Promise<ForgedWorld> {
  const { stage, kube } = plane;
  await installCrds(plane.raw, readCrds());
  const manifests = ['rbac.yaml', 'rbac-secrets.yaml'].flatMap((file) => ['-f', join(repositoryRoot(), 'deploy/csi-provisioner', file)]);
  const applied = await plane.kubectl(['apply', ...manifests]);
  if (applied.code !== 0) throw new Error(applied.stderr);
  const { driver, control } = await startSteeredDriver(stage, { driverName: DRIVER });
  const victim = await openScene({ plane, driver, name: 'victim' });
  const thieves = await openScene({ plane, driver, name: 'thieves' });
  for (const [name, provisioner] of [
    [WAITING_CLASS, DRIVER],
    [STRANGE_CLASS, 'another.csi.example'],
  ] as const) {
    const volumeBindingMode = name === WAITING_CLASS ? 'WaitForFirstConsumer' : 'Immediate';
    await kube.create(STORAGE_CLASSES, { metadata: { name }, provisioner, reclaimPolicy: 'Delete', volumeBindingMode });
  }
  await kube.create(NAMESPACES, { metadata: { name: CROWN.namespace } });
  await kube.create(SECRETS, { metadata: CROWN, stringData: { password: 'of the crown' } } as KubeObject);
  const thief = await openThief(plane);

  const seenVolumes: PersistentVolume[] = [];
  const seenLeases: Lease[] = [];
  await follow(plane, '/api/v1/persistentvolumes', seenVolumes);
  await follow(plane, `/apis/coordination.k8s.io/v1/namespaces/${LEASE_NAMESPACE}/leases`, seenLeases);

  const kubeconfig = await plane.asServiceAccount(LEASE_NAMESPACE, 'csi-provisioner');
  let program: Program | undefined;
  const start = async (): Promise<void> => {
    const args = ['--leader-election=true', `--leader-election-namespace=${LEASE_NAMESPACE}`];
    program = await startProgram(stage, { role: 'csi-provisioner', side: 'ours', kubeconfig, address: driver.address, args });
  };
  const stop = async (): Promise<void> => {
    await program?.stop();
  };
  await start();
  const treasure = await provision(victim, 'treasure');
  return {
    plane,
    driver,
    control,
    victim,
    treasure,
    thieves,
    seenVolumes,
    seenLeases,
    program: () => {
      if (program === undefined) throw new Error('it was never started');
      return program;
    },
    start,
    stop,
    forge: async (entries, owner) => {
      const { metadata, spec } = await thief.get(LEASES, { namespace: LEASE_NAMESPACE, name: HEAD });
      const present = JSON.parse(metadata?.annotations?.[ENTRIES] ?? '{}') as Json;
      const journal = JSON.parse(metadata?.annotations?.[JOURNAL] ?? '{}') as Json;
      await thief.mergePatch(
        LEASES,
        { namespace: LEASE_NAMESPACE, name: HEAD },
        {
          metadata: {
            annotations: {
              [JOURNAL]: JSON.stringify({ ...journal, ...(owner === undefined ? {} : { owner }) }),
              [ENTRIES]: JSON.stringify({ ...present, ...entries }),
            },
          },
          spec: { holderIdentity: owner ?? spec?.holderIdentity },
        },
      );
    },
    deface: async (annotations) => {
      await thief.mergePatch(LEASES, { namespace: LEASE_NAMESPACE, name: HEAD }, { metadata: { annotations } });
    },
    claimOf: (name, storageClass = thieves.storageClass) =>
      kube.create(PERSISTENT_VOLUME_CLAIMS, {
        metadata: { name, namespace: thieves.namespace },
        spec: { accessModes: ['ReadWriteOnce'], storageClassName: storageClass, resources: { requests: { storage: '1Mi' } } },
      }),
    close: () => plane.stop(),
  };
}

const ROLES = { group: 'rbac.authorization.k8s.io', version: 'v1', plural: 'roles', kind: 'Role', namespaced: true } as const;
const BINDINGS = { ...ROLES, plural: 'rolebindings', kind: 'RoleBinding' } as const;
const ACCOUNTS = { group: '', version: 'v1', plural: 'serviceaccounts', kind: 'ServiceAccount', namespaced: true } as const;

/** May get, list, create, update, patch and delete Leases where the driver's are, and nothing else at all. */
async function openThief(plane: ControlPlane): Promise<Kube> {
  const { kube, raw, stage } = plane;
  const name = 'lease-writer';
  const namespace = 'thieves';
  await kube.create(ACCOUNTS, { metadata: { name, namespace } });
  const verbs = ['get', 'list', 'create', 'update', 'patch', 'delete'];
  const rules = [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs }];
  await kube.create(ROLES, { metadata: { name, namespace: LEASE_NAMESPACE }, rules } as KubeObject);
  await kube.create(BINDINGS, {
    metadata: { name, namespace: LEASE_NAMESPACE },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
  } as KubeObject);
  const asked = await raw.request({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } }),
  });
  const { token } = (JSON.parse(asked.text) as { status: { token: string } }).status;
  const client = openRawClient({ ...plane.endpointOf('admin'), token });
  stage.defer(() => client.close());
  const thief = openKube(client);
  // The authorizer learns of a binding by a watch.
  await eventually('the thief to be let in', () => thief.list(LEASES, LEASE_NAMESPACE).catch(() => undefined), { signal: stage.broken });
  return thief;
}

/** Everything that a watch shows, until the stage closes. */
async function follow<T extends KubeObject>({ raw, stage }: ControlPlane, path: string, seen: T[]): Promise<void> {
  const watch = await raw.watch(`${path}?watch=true`);
  stage.defer(() => watch.close());
  const read = async (): Promise<void> => {
    for (let line = await watch.next(3_600_000); line !== undefined; line = await watch.next(3_600_000))
      if (line !== '') seen.push((JSON.parse(line) as { object: T }).object);
  };
  // Its end is ours.
  void read().catch(() => undefined);
}

export interface Owner {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export function ownerOf({ metadata }: PersistentVolumeClaim): Owner {
  return { namespace: metadata?.namespace ?? '', name: metadata?.name ?? '', uid: metadata?.uid ?? '' };
}

/** A claim that nobody has. */
export function nobody(name: string): Owner {
  return { namespace: 'thieves', name, uid: randomUUID() };
}

/** An entry as csi-provisioner writes it, but for what is given. */
export function forgedEntry(owner: Owner, request: Json = {}, rest: Json = {}): Json {
  const honest = {
    name: `pvc-${owner.uid}`,
    requiredBytes: String(1 << 20),
    limitBytes: '0',
    capabilities: [{ mode: 1, fsType: 'ext4', mountFlags: [] }],
    parameters: {},
    mutableParameters: {},
  };
  return { claim: owner, className: 'thieves', requests: [{ ...honest, ...request }], ...rest };
}

export const STOLEN_SECRET = { secret: CROWN };

export function sourceOf({ treasure: { volumeHandle, claim } }: ForgedWorld): Json {
  const { namespace = '', name = '', uid = '' } = claim.metadata ?? {};
  return { volumeId: volumeHandle, source: { kind: 'claim', namespace, name, uid } };
}

/** What an administrator finds: events on the journal's Lease, and the log of the process that runs. */
export async function told({ plane, program }: ForgedWorld, words: string): Promise<string | undefined> {
  const events = await plane.kube.list(EVENTS, LEASE_NAMESPACE);
  const event = events.find(({ message = '', involvedObject }) => involvedObject?.kind === 'Lease' && message.includes(words));
  if (event !== undefined) return `event ${event.reason ?? ''} on the Lease: ${event.message ?? ''}`;
  const line = program()
    .log()
    .split('\n')
    .find((text) => text.includes(words) && !text.includes('CreateVolume failed') && /^[WE]\d{4}|"level":"(?:warn|error)"/.test(text));
  return line === undefined ? undefined : `log: ${line}`;
}

export async function untilTold(world: ForgedWorld, words: string): Promise<string> {
  return eventually(`an event or a log line with ${words}`, () => told(world, words), { signal: world.plane.stage.broken });
}

/** An event of ours on the claim, other than that it is being provisioned. */
export async function toldToClaim({ plane }: ForgedWorld, { namespace, uid }: Owner, words: string): Promise<string | undefined> {
  const events = await plane.kube.list(EVENTS, namespace);
  const event = events.find(
    ({ reason, message = '', involvedObject }) => involvedObject?.uid === uid && reason === 'VolumeUndecided' && message.includes(words),
  );
  return event === undefined ? undefined : `event ${event.reason ?? ''} on the claim: ${event.message ?? ''}`;
}

export async function untilToldToClaim(world: ForgedWorld, owner: Owner, words: string): Promise<string> {
  return eventually(`an event on claim ${owner.name} with ${words}`, () => toldToClaim(world, owner, words), {
    signal: world.plane.stage.broken,
  });
}

export async function callsFor({ control }: ForgedWorld, name: string): Promise<readonly DriverCall[]> {
  return (await control.journal()).filter(({ rpc, request }) => rpc === 'CreateVolume' && request['name'] === name);
}

/** Reads of the foreign secret by the provisioner, whatever came of them. */
export function secretReads({ plane }: ForgedWorld): readonly string[] {
  return plane
    .audit()
    .filter(({ user, resource, name }) => user === PROVISIONER && resource === 'secrets' && name === CROWN.name)
    .map(({ verb, path, code }) => `${verb} ${path} ${code}`);
}

/** Did an entry of this claim stand in a journal at some time? */
export function wasRecorded({ seenLeases }: ForgedWorld, uid: string): boolean {
  return seenLeases.some(
    ({ metadata }) => metadata?.name?.startsWith(HEAD) === true && metadata.annotations?.[ENTRIES]?.includes(`"${uid}":`) === true,
  );
}

export const JOURNAL_KEYS = { journal: JOURNAL, entries: ENTRIES } as const;
