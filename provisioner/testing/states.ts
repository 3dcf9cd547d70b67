/** States of the claim lane for tests, with named overrides. */
import { NO_ANSWERS, NO_SOURCE } from '../claim/state.ts';
import type { ClaimState } from '../claim/state.ts';
import type { ServedNode, Settings } from '../facts/settings.ts';
import { dataSourceOf } from '../facts/data-source.ts';
import type { Intent } from '../intent/intent.ts';
import { classVersionOf } from '../intent/intent.ts';
import { wholeDraftOf } from './drafts.ts';
import { requestOf } from '../claim/request.ts';
import type { ClaimProgress } from '../intent/claims-in-progress.ts';
import { NO_PROGRESS } from '../intent/claims-in-progress.ts';
import type { OpenOperation } from '../intent/operation.ts';
import { opened } from '../intent/operation.ts';
import { aClaim, aClass, CLAIM_UID, DRIVER, VOLUME_NAME } from './objects.ts';

export const ALL_CAPABILITIES: ReadonlySet<string> = new Set([
  'CONTROLLER_SERVICE',
  'CREATE_DELETE_VOLUME',
  'CREATE_DELETE_SNAPSHOT',
  'CLONE_VOLUME',
  'MODIFY_VOLUME',
]);

export function settings(change: Partial<Settings> = {}): Settings {
  return {
    driver: DRIVER,
    capabilities: ALL_CAPABILITIES,
    naming: { prefix: 'pvc', uuidLength: -1 },
    defaultFsType: '',
    extraCreateMetadata: false,
    preventModeConversion: true,
    raiseToRestoreSize: false,
    copiedLabels: [],
    readOnlyMany: false,
    crossNamespace: false,
    attributesClasses: true,
    topology: false,
    elected: false,
    retryMaxMs: 300_000,
    journal: { namespace: 'kube-system', name: 'csi-journal-mock-csi-example' },
    ...change,
  };
}

/** The node of a provisioner that serves one. */
export function aNode(change: Partial<ServedNode> = {}): ServedNode {
  return { name: 'node-a', segments: { node: 'a' }, immediateBinding: true, baseDelayMs: 20_000, maxDelayMs: 60_000, ...change };
}

/** What an attempt on `aClaim()` of `aClass()` intends. */
export function anIntent(change: Partial<Intent> = {}): Intent {
  const claim = aClaim();
  const drafted = wholeDraftOf({
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
    className: 'fast',
    classVersion: classVersionOf(aClass()),
    request: requestOf(drafted.draft, {}),
    secret: undefined,
    source: undefined,
    selectedNode: undefined,
    omittedTopology: undefined,
    ...change,
  };
}

/** An operation whose entry stands; with `uncertain`, its call once went unanswered. */
export function anOpen({
  uncertain,
  ...change
}: Partial<Omit<OpenOperation, 'uncertain'>> & { readonly uncertain?: readonly Intent[] } = {}): OpenOperation {
  const intent = change.intent ?? anIntent();
  const account = uncertain === undefined ? undefined : { intents: uncertain, ambiguity: { times: 0, sinceMs: 0 }, sinceMs: 0 };
  return { ...opened(intent, account), call: account === undefined ? 'not-sent' : 'unknown', ...change };
}

export function aState({
  progress,
  ...change
}: Partial<Omit<ClaimState, 'progress'>> & { readonly progress?: Partial<ClaimProgress> } = {}): ClaimState {
  const claim = 'claim' in change ? change.claim : aClaim();
  const rules = change.settings ?? settings();
  return {
    uid: CLAIM_UID,
    now: 1_000_000,
    settings: rules,
    claim,
    class: aClass(),
    volume: undefined,
    unwantedHeldBy: undefined,
    progress: { ...NO_PROGRESS, ...progress },
    misfit: undefined,
    minVersion: undefined,
    dataSource: claim === undefined ? { kind: 'none' } : dataSourceOf(claim, { crossNamespace: rules.crossNamespace }),
    source: NO_SOURCE,
    topology: undefined,
    nodeWaitMs: undefined,
    ...NO_ANSWERS,
    ...change,
  };
}
