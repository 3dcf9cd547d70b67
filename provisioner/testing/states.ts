/** States of the claim lane for tests, with named overrides. */
import { NO_ANSWERS, NO_SOURCE } from '../claim/state.ts';
import type { ClaimSettings, ClaimState } from '../claim/state.ts';
import { dataSourceOf } from '../claim/data-source.ts';
import type { Intent } from '../claim/intent.ts';
import { planVolume } from '../claim/persistent-volume.ts';
import { draftOf, requestOf } from '../claim/request.ts';
import { NO_MEMORY } from '../ledger.ts';
import type { ClaimMemory } from '../ledger.ts';
import { aClaim, aClass, CLAIM_UID, DRIVER, VOLUME_NAME } from './objects.ts';

export const ALL_CAPABILITIES: ReadonlySet<string> = new Set([
  'CONTROLLER_SERVICE',
  'CREATE_DELETE_VOLUME',
  'CREATE_DELETE_SNAPSHOT',
  'CLONE_VOLUME',
  'MODIFY_VOLUME',
]);

export function settings(change: Partial<ClaimSettings> = {}): ClaimSettings {
  return {
    driver: DRIVER,
    capabilities: ALL_CAPABILITIES,
    naming: { prefix: 'pvc', uuidLength: -1 },
    defaultFsType: '',
    extraCreateMetadata: false,
    preventModeConversion: true,
    readOnlyMany: false,
    crossNamespace: false,
    attributesClasses: true,
    topology: false,
    elected: false,
    retryMaxMs: 300_000,
    ...change,
  };
}

/** What an attempt on `aClaim()` of `aClass()` intends. */
export function anIntent(change: Partial<Intent> = {}): Intent {
  const claim = aClaim();
  const drafted = draftOf({
    claim,
    class: aClass(),
    volumeName: VOLUME_NAME,
    defaultFsType: '',
    extraCreateMetadata: false,
    singleNodeMultiWriter: false,
  });
  if (drafted.kind !== 'draft') throw new Error(drafted.message);
  return {
    claim: { namespace: 'shop', name: 'data', uid: CLAIM_UID },
    request: requestOf(drafted.draft, {}),
    plan: planVolume({ driver: DRIVER, claim, class: aClass(), draft: drafted.draft, readOnlyMany: false, attributesClass: undefined }),
    secret: undefined,
    source: undefined,
    selectedNode: undefined,
    omittedTopology: undefined,
    ...change,
  };
}

export const LEASE = { uid: 'lease-1', resourceVersion: '500' };

export function aState({
  memory,
  ...change
}: Partial<Omit<ClaimState, 'memory'>> & { readonly memory?: Partial<ClaimMemory> } = {}): ClaimState {
  const claim = 'claim' in change ? change.claim : aClaim();
  const rules = change.settings ?? settings();
  return {
    uid: CLAIM_UID,
    now: 1_000_000,
    settings: rules,
    claim,
    class: aClass(),
    volume: undefined,
    record: undefined,
    unreadable: undefined,
    durable: true,
    lateRecordMs: 0,
    memory: { ...NO_MEMORY, ...memory },
    floor: undefined,
    dataSource: claim === undefined ? { kind: 'none' } : dataSourceOf(claim, { crossNamespace: rules.crossNamespace }),
    source: NO_SOURCE,
    topology: undefined,
    ...NO_ANSWERS,
    ...change,
  };
}
