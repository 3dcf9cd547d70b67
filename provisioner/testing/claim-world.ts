/**
 * A claim lane whose caches, API server, driver and journal are small fakes: what is asked of each is kept in one
 * list, in its order. Nothing here waits; what answers how is said before.
 */
import type { Informer } from '../../lib/controller/informer.ts';
import { keyOf } from '../../lib/controller/store.ts';
import { memoryLog } from '../../lib/controller/testing/memory-log.ts';
import { isRest } from '../../lib/controller/step.ts';
import { CsiError } from '../../lib/csi/csi-error.ts';
import { GrpcCode } from '../../lib/csi/grpc-code.ts';
import type { CallMark } from '../../lib/csi/rpc-call.ts';
import { ApiError } from '../../lib/kube/api-error.ts';
import type { KubeObject, PersistentVolume, Resource } from '../../lib/kube/objects.ts';
import type { CreateVolumeRequest, CreateVolumeResponse } from '../../proto/gen/csi.ts';
import { BY_CLAIM, BY_HANDLE, BY_SOURCE, sourceValue } from '../caches.ts';
import { dataSourceOf, isSource, sourceKey } from '../facts/data-source.ts';
import { absorb } from '../claim/absorb.ts';
import { decide } from '../claim/decide.ts';
import { execute } from '../claim/execute.ts';
import type { ClaimDeps } from '../claim/execute.ts';
import { gather } from '../claim/gather.ts';
import type { CapacityRefresh } from '../capacity-refresh.ts';
import type { Settings } from '../facts/settings.ts';
import type { ClaimDecision, ClaimState, ClaimStep } from '../claim/state.ts';
import { createClaimsInProgress } from '../intent/claims-in-progress.ts';
import { encodeRequest } from '../intent/request-json.ts';
import { createSourceProtections } from '../source-protections.ts';
import { aClaim, aClass, CLAIM_UID } from './objects.ts';
import { settings } from './states.ts';

export const apiError = (status: number, reason = 'x'): ApiError =>
  new ApiError({ status, reason, message: `said ${status}`, request: 'x' });
export const csiError = (code: keyof typeof GrpcCode): CsiError =>
  new CsiError({ rpc: 'CreateVolume', grpcCode: GrpcCode[code], message: 'no' });

/** A cache over a live list. */
export function cacheOf<T extends KubeObject>(objects: Map<string, T>): Informer<T> {
  const list = (): T[] => [...objects.values()];
  const values: Record<string, (object: T) => string | undefined> = {
    [BY_CLAIM]: (object) => (object as PersistentVolume).spec?.claimRef?.uid,
    [BY_HANDLE]: (object) => (object as PersistentVolume).spec?.csi?.volumeHandle,
    [BY_SOURCE]: (object) => {
      const source = dataSourceOf(object, { crossNamespace: true });
      return isSource(source) ? sourceValue(source.kind, sourceKey(source)) : undefined;
    },
  };
  const store = {
    get: (key: string) => objects.get(key),
    byUid: (uid: string) => list().find(({ metadata }) => metadata?.uid === uid),
    byIndex: (index: string, value: string) => list().filter((object) => values[index]?.(object) === value),
    list,
  };
  return {
    store,
    available: () => true,
    absorb: (object: T) => void objects.set(keyOf(object), object),
  } as unknown as Informer<T>;
}

/** Volumes by name. A name under other properties is ALREADY_EXISTS, as the CSI specification has it. */
export function aDriver(calls: string[]) {
  const made = new Map<string, { readonly print: string; readonly volumeId: string }>();
  const received: CreateVolumeRequest[] = [];
  /** Of each CreateVolume. */
  const marks: (CallMark | undefined)[] = [];
  const deletions: { readonly volumeId: string; readonly secrets: Record<string, string> }[] = [];
  const answers: ((request: CreateVolumeRequest) => CreateVolumeResponse)[] = [];
  let count = 0;
  const make = (request: CreateVolumeRequest): CreateVolumeResponse => {
    const print = JSON.stringify(encodeRequest(request));
    const present = made.get(request.name);
    if (present !== undefined && present.print !== print) throw csiError('ALREADY_EXISTS');
    const volumeId = present?.volumeId ?? `vol-${(count += 1)}`;
    made.set(request.name, { print, volumeId });
    return {
      volume: { volumeId, capacityBytes: 0n, volumeContext: {}, contentSource: request.volumeContentSource, accessibleTopology: [] },
    };
  };
  return {
    made,
    received,
    marks,
    deletions,
    /** Answers the next call that nobody has answered yet; the others are done. */
    next: (answer: (request: CreateVolumeRequest) => CreateVolumeResponse) => void answers.push(answer),
    /** It is made, and the answer is lost. */
    lose: () =>
      void answers.push((request) => {
        make(request);
        throw csiError('DEADLINE_EXCEEDED');
      }),
    refuse: (code: keyof typeof GrpcCode) =>
      void answers.push(() => {
        throw csiError(code);
      }),
    getCapacity: async () => ({ availableCapacity: 1n << 40n }),
    createVolume: async (request: CreateVolumeRequest, _signal?: AbortSignal, mark?: CallMark): Promise<CreateVolumeResponse> => {
      marks.push(mark);
      calls.push(`CreateVolume ${request.parameters['kind'] ?? ''}`.trim());
      received.push(request);
      return (answers.shift() ?? make)(request);
    },
    deleteVolume: async (request: { readonly volumeId: string; readonly secrets: Record<string, string> }) => {
      calls.push(`DeleteVolume ${request.volumeId}`);
      deletions.push(request);
      for (const [name, { volumeId }] of made) if (volumeId === request.volumeId) made.delete(name);
      return {};
    },
  };
}

/** Writes at once, unless `slow`: then what is closed stands until `settle`. */
export function aJournal(calls: string[]) {
  const entries = new Map<string, unknown>();
  const state = { slow: false, refusal: undefined as Error | undefined, unwritable: false, meanwhile: () => {} };
  return {
    entries,
    state,
    record: async (uid: string, value: unknown) => {
      calls.push('record');
      state.meanwhile();
      if (state.refusal !== undefined) throw state.refusal;
      if (state.unwritable) return 'unrecorded' as const;
      entries.set(uid, JSON.parse(JSON.stringify(value)));
      return 'recorded' as const;
    },
    close: (uid: string) => {
      calls.push('close');
      if (!state.slow) entries.delete(uid);
    },
    holds: (uid: string) => entries.has(uid),
  };
}

type Kind = Pick<Resource<KubeObject>, 'plural'>;

/** Objects of the API server by kind and key. */
export function aServer(calls: string[]) {
  const objects = new Map<string, KubeObject>();
  const refusals = new Map<string, Error>();
  const keyIn = ({ plural }: Kind, { namespace = '', name = '' }: { readonly namespace?: string; readonly name?: string }): string =>
    `${plural} ${namespace}/${name}`;
  const tell = (verb: string, { plural }: Kind): void => {
    calls.push(`${verb} ${plural}`);
    const refusal = refusals.get(`${verb} ${plural}`);
    if (refusal !== undefined) throw refusal;
  };
  const put = <T extends KubeObject>(resource: Kind, body: T): T => {
    objects.set(keyIn(resource, body.metadata ?? {}), body);
    return body;
  };
  return {
    put,
    /** `verb plural`, refused from now on. */
    refusals,
    client: {
      get: async (resource: Kind, target: { readonly namespace?: string; readonly name?: string }) => {
        tell('get', resource);
        const object = objects.get(keyIn(resource, target));
        if (object === undefined) throw apiError(404, 'NotFound');
        return object;
      },
      list: async (resource: Kind) => {
        tell('list', resource);
        return { items: [], resourceVersion: '100', continue: undefined };
      },
      create: async (resource: Kind, body: KubeObject) => {
        tell('create', resource);
        if (objects.has(keyIn(resource, body.metadata ?? {}))) throw apiError(409, 'AlreadyExists');
        return put(resource, body);
      },
      replace: async (resource: Kind, body: KubeObject) => {
        tell('replace', resource);
        return put(resource, body);
      },
    },
  };
}

export interface RunOfClaim {
  readonly steps: readonly ClaimStep['kind'][];
  readonly end: ClaimDecision;
  readonly state: ClaimState;
}

export function aClaimWorld(change: { readonly settings?: Partial<Settings> } = {}) {
  /** All that was asked of journal, driver and API server, in its order. */
  const calls: string[] = [];
  const driver = aDriver(calls);
  const journal = aJournal(calls);
  const server = aServer(calls);
  const log = memoryLog();
  const counted: string[] = [];
  const count = (what: string) => () => void counted.push(what);
  /** Where room is said to have been used, freed or found missing. */
  const moves: Parameters<CapacityRefresh['moved']>[0][] = [];
  const claims = new Map([['shop/data', aClaim()]]);
  const volumes = new Map<string, PersistentVolume>();
  const classes = new Map([['fast', aClass()]]);
  const lease = { fresh: true };
  /** Handles whose deletion another process asked for. */
  const deletedElsewhere = new Set<string>();
  const clock = { ms: 1_000_000 };
  const progress = createClaimsInProgress();
  const protections = createSourceProtections();
  const deps = {
    caches: {
      claims: cacheOf(claims),
      volumes: cacheOf(volumes),
      classes: cacheOf(classes),
      nodes: undefined,
      csiNodes: undefined,
      attachments: undefined,
      snapshots: undefined,
      grants: undefined,
      capacities: undefined,
      journals: undefined,
    },
    progress,
    protections,
    settings: () => settings(change.settings),
    topology: undefined,
    strictTopology: false,
    immediateTopology: true,
    minVersion: { value: undefined },
    now: () => clock.ms,
    monotonic: () => clock.ms,
    random: () => 0.5,
    client: server.client,
    journal,
    accounts: { isDeletedElsewhere: (_: string, handle: string) => deletedElsewhere.has(handle) },
    driver,
    identity: 'me',
    metrics: {
      provisioned: count('provisioned'),
      provisionFailed: count('provisionFailed'),
      deleted: count('deleted'),
      deleteFailed: count('deleteFailed'),
      gaveUp: count('gaveUp'),
      unrecorded: count('unrecorded'),
    },
    capacity: { moved: (where: Parameters<CapacityRefresh['moved']>[0]) => void moves.push(where) },
    log,
    labelsOf: () => ({ class: 'fast', source: '' }),
    leaseIsFresh: () => lease.fresh,
  } as unknown as ClaimDeps;
  const { signal } = new AbortController();
  return {
    calls,
    driver,
    journal,
    server,
    log,
    counted,
    moves,
    claims,
    volumes,
    classes,
    lease,
    deletedElsewhere,
    clock,
    progress,
    protections,
    deps,
    signal,
    gather: () => gather(deps, CLAIM_UID),
    execute: (step: ClaimStep, state: ClaimState) => execute(deps, step, { state, signal }),
    /** One run of the claim's key, without its back-off. */
    run: async (): Promise<RunOfClaim> => {
      let state = gather(deps, CLAIM_UID);
      if (state === undefined) throw new Error('the claim is not known');
      const steps: ClaimStep['kind'][] = [];
      for (let next = decide(state); ; next = decide(state)) {
        if (isRest(next)) return { steps, end: next, state };
        const step: ClaimStep = next;
        steps.push(step.kind);
        if (steps.length > 50) throw new Error(`no rest: ${steps.join(', ')}`);
        state = absorb(state, step, await execute(deps, step, { state, signal }));
      }
    },
  };
}
