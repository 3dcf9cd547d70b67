/**
 * What people and their scripts see of a program from outside is what the Go program of the same name shows: flags, metrics,
 * events. Ours is compared with the Go programs themselves, and whatever differs stands in a list here, with its reason.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { API_SERVER_GATES } from '../../lib/process/api-server-gates.ts';
import { readValue } from '../../lib/process/flag-value.ts';
import type { Flag, FlagType } from '../../lib/process/flag.ts';
import { parseDuration } from '../../lib/process/go-duration.ts';
import { PROVISIONER_FLAGS } from '../../provisioner/options.ts';
import { CONTROLLER_FLAGS } from '../../snapshotter/controller-options.ts';
import { SIDECAR_FLAGS } from '../../snapshotter/sidecar-options.ts';
import { installCrds, readCrds } from '../../harness/crds.ts';
import { startSteeredDriver } from '../../harness/mock-driver.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import { binary, moduleFolder } from '../../harness/real/binaries.ts';
import { plainEnvironment } from '../../harness/stage.ts';
import type { HelpFlag } from './go-help.ts';
import { helpOf } from './go-help.ts';
import type { Role } from './programs.ts';
import { PROGRAM_USERS, ROLES } from './programs.ts';
import type { Told } from './troubled-job.ts';
import { tellingOf } from './troubled-job.ts';

const FLAGS: Readonly<Record<Role, readonly Flag[]>> = {
  'snapshot-controller': CONTROLLER_FLAGS,
  'csi-snapshotter': SIDECAR_FLAGS,
  'csi-provisioner': PROVISIONER_FLAGS,
};

const UNLIMITED = 'no limit on the client’s side unless one is given: docs/decisions/002';

/** The defaults that differ, by flag. */
const OTHER_DEFAULTS: Readonly<Record<Role, Readonly<Record<string, string>>>> = {
  'snapshot-controller': { 'kube-api-qps': UNLIMITED, 'kube-api-burst': UNLIMITED },
  'csi-snapshotter': { 'kube-api-qps': UNLIMITED, 'kube-api-burst': UNLIMITED },
  'csi-provisioner': {
    'kube-api-qps': UNLIMITED,
    'kube-api-burst': UNLIMITED,
    'kube-api-capacity-qps': UNLIMITED,
    'kube-api-capacity-burst': UNLIMITED,
  },
};

/** What the help prints behind a name, and which of our types it can be. */
const TYPES_OF_WORD: Readonly<Record<string, readonly FlagType[]>> = {
  '': ['bool'],
  string: ['string'],
  int: ['int'],
  uint: ['uint'],
  float: ['float'],
  float32: ['float'],
  duration: ['duration'],
  quantity: ['quantity'],
  mapStringBool: ['gates'],
  stringMap: ['labels'],
  Level: ['int'],
  'boolFunc[=true]': ['bool'],
  // Package flag says no more of a flag with a parser of its own; the same flags of csi-provisioner have their words above.
  value: ['int', 'string', 'quantity', 'gates', 'labels'],
  // Examples in the help text, where the type would stand.
  ':8080': ['string'],
  '/metrics': ['string'],
  '/debug/pprof/': ['bool'],
  'pattern=N,...': ['string'],
};

/** What a type's variable holds before anybody sets it: neither package prints such a default. */
const ZERO: Readonly<Record<FlagType, string>> = {
  string: '',
  int: '0',
  uint: '0',
  float: '0',
  bool: 'false',
  duration: '0s',
  gates: '',
  labels: '',
  quantity: '0',
};

/** One value in one spelling: durations in milliseconds, an empty map as nothing. */
function meaningOf(type: FlagType, text: string): unknown {
  if (type === 'duration') return parseDuration(text);
  return text === 'map[]' ? '' : text;
}

describe.each(ROLES)('the flags of %s, beside the Go program’s --help', async (role) => {
  const help = helpOf(await binary(role));
  const ours = new Map(FLAGS[role].map((flag) => [flag.name, flag]));
  const pairs = (): [HelpFlag, Flag][] =>
    [...help.values()].flatMap((theirs) => {
      const flag = ours.get(theirs.name);
      return flag === undefined ? [] : [[theirs, flag] as [HelpFlag, Flag]];
    });

  test('are all there, and those beside them say that they are ours or of an earlier release', () => {
    const ofPeer = FLAGS[role].filter(({ origin }) => origin === 'peer').map(({ name }) => name);
    expect(ofPeer.toSorted()).toEqual([...help.keys()].toSorted());
  });

  test('have the types that the help names, and the one-letter forms', () => {
    for (const [theirs, flag] of pairs()) {
      expect(TYPES_OF_WORD[theirs.word], `--${theirs.name} ${theirs.word}`).toContain(flag.type);
      // A name of one letter is its own short form.
      if (theirs.name.length > 1) expect(flag.letter, `--${theirs.name}`).toBe(theirs.letter);
    }
  });

  test('have the same defaults but for those listed', () => {
    const found = pairs().map(([{ name }, { type, default: text, peerDefault }]) => [name, meaningOf(type, peerDefault ?? text)]);
    const wanted = pairs().map(([theirs, { name, type }]) => [name, meaningOf(type, theirs.default === '' ? ZERO[type] : theirs.default)]);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(wanted));
    const different = FLAGS[role].filter((flag) => flag.peerDefault !== undefined && flag.peerDefault !== flag.default);
    expect(different.map(({ name }) => name).toSorted()).toEqual(Object.keys(OTHER_DEFAULTS[role]).toSorted());
  });

  test('have the feature gates with stage and default, but for those of an API server', () => {
    const listed = help.get('feature-gates')?.gates ?? {};
    const isOwn = (name: string): boolean => !API_SERVER_GATES.has(name) && !STAGES.includes(name);
    const own = Object.fromEntries(Object.entries(listed).filter(([name]) => isOwn(name)));
    const gates = Object.entries(ours.get('feature-gates')?.gates ?? {});
    // The help leaves out what is GA.
    const toList = gates
      .filter(([, { stage }]) => stage !== 'GA')
      .map(([name, gate]) => [name, { stage: gate.stage, default: gate.default }]);
    expect(Object.fromEntries(toList)).toEqual(own);
  });

  test('take the gates of an API server that the Go program takes, listed in its help or not, and no made-up one', async () => {
    const flag = ours.get('feature-gates');
    const takes = (name: string): boolean => flag !== undefined && readValue(flag, `${name}=true`).ok;
    const program = await binary(role);
    const listed = help.get('feature-gates')?.gates ?? {};
    const declared = declaredGates(role === 'csi-provisioner' ? 'provisioner' : 'snapshotter');
    const theirs = declared.filter((name) => name in listed || goTakes(program, name));
    expect(theirs.length).toBeGreaterThan(30);
    expect(theirs.filter((name) => !takes(name))).toEqual([]);
    for (const name of theirs) seenGates.add(name);
    for (const name of ['NoSuchGate', 'AllGA']) expect([name, takes(name), goTakes(program, name)]).toEqual([name, false, false]);
  });
});

test('no gate of an API server is taken that no Go program takes, now or in the release before', () => {
  expect([...API_SERVER_GATES].filter((name) => !seenGates.has(name)).toSorted()).toEqual(GATES_OF_THE_RELEASE_BEFORE);
});

/** csi-provisioner v6.3.0 took them; whoever sets one must not be refused after a swap. */
const GATES_OF_THE_RELEASE_BEFORE: readonly string[] = [
  'APIServerTracing',
  'AnonymousAuthConfigurableEndpoints',
  'AuthorizeWithSelectors',
  'BtreeWatchCache',
  'ConsistentListFromCache',
  'ResilientWatchCacheInitialization',
  'RetryGenerateName',
  'StreamingCollectionEncodingToJSON',
  'StreamingCollectionEncodingToProtobuf',
  'StructuredAuthenticationConfiguration',
];

/** Of API servers, and taken by some Go program. */
const seenGates = new Set<string>();

/** They stand for all gates of a stage. */
const STAGES: readonly string[] = ['AllAlpha', 'AllBeta'];

/** The gates that come along with the libraries for API servers. */
function declaredGates(module: 'snapshotter' | 'provisioner'): readonly string[] {
  const folders = ['k8s.io/apiserver', 'k8s.io/component-base'].map((path) => moduleFolder(module, path));
  const sources = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('features.go') || file.endsWith('kube_features.go'))
      .map((file) => readFileSync(join(folder, file), 'utf8')),
  );
  return [...new Set([...sources.join('\n').matchAll(/featuregate\.Feature = "(\w+)"/g)].map(([, name = '']) => name))].toSorted();
}

/** Either setting will do: some are locked to one. */
function goTakes(program: string, name: string): boolean {
  return ['true', 'false'].some(
    (value) =>
      spawnSync(program, [`--feature-gates=${name}=${value}`, '--version'], { env: plainEnvironment(), timeout: 60_000 }).status === 0,
  );
}

interface Exception {
  /** Of the name of a family. */
  readonly pattern: RegExp;
  readonly reason: string;
}

/** Families of the Go programs that ours have not. */
const ONLY_GO: readonly Exception[] = [
  { pattern: /^go_/, reason: 'they describe the Go runtime' },
  { pattern: /^promhttp_/, reason: 'the Go library that answers scrapes counts its own answers' },
  { pattern: /^(apiserver|aggregator)_/, reason: 'they come along with a library for API servers; nothing in a sidecar changes them' },
  {
    pattern: /^((registered|hidden|disabled)_metrics|cardinality_enforcement_unexpected_categorizations)_total$/,
    reason: 'bookkeeping of the Go metrics library about itself',
  },
];

/** Families of ours that the Go programs have not. */
const ONLY_OURS: Readonly<Record<Role, readonly Exception[]>> = {
  'snapshot-controller': [
    {
      pattern: /^(process|workqueue|leader_election)_/,
      reason: 'both sidecars have them; the Go program of this name serves its operations and its start time only',
    },
  ],
  'csi-snapshotter': [{ pattern: /^csi_snapshotter_/, reason: 'snapshots that may exist unnamed: the Go program does not know of them' }],
  'csi-provisioner': [{ pattern: /^csi_provisioner_/, reason: 'the journal, which the Go program has not' }],
};

/** Events of the Go programs that ours do not record in this job. */
const ONLY_GO_TELLS: Readonly<Record<string, string>> = {
  'snapshot-controller: Warning SnapshotDeletePending on VolumeSnapshot':
    'a member that is deleted with its group is refused once and tried again after a pause; ours waits for the group without a word',
};

/** A sample appears with the first renewal that was disturbed, on either side; no job can order one. */
const BY_CHANCE = 'leader_election_slowpath_total';

describe('what is told in the main job with trouble on the way', () => {
  let plane: ControlPlane;
  let go: Told;
  let ours: Told;

  beforeAll(async () => {
    plane = await startControlPlane({ users: PROGRAM_USERS });
    await installCrds(plane.raw, readCrds());
    const options = { plane, ...(await startSteeredDriver(plane.stage)) };
    go = await tellingOf({ ...options, side: 'go' });
    ours = await tellingOf({ ...options, side: 'ours' });
  });
  afterAll(() => plane.stop());

  test.each(ROLES)('the metrics of %s are the Go program’s, by name, type, labels and buckets', (role) => {
    const names = (told: Told): readonly string[] => Object.keys(told.families[role]).filter((name) => name !== BY_CHANCE);
    const shared = names(go).filter((name) => !ONLY_GO.some(({ pattern }) => pattern.test(name)));
    const familiesOf = (told: Told): object => Object.fromEntries(shared.map((name) => [name, told.families[role][name] ?? 'missing']));
    expect(familiesOf(ours)).toEqual(familiesOf(go));

    const added = names(ours).filter((name) => !shared.includes(name));
    expect(added.filter((name) => !ONLY_OURS[role].some(({ pattern }) => pattern.test(name)))).toEqual([]);
    for (const { pattern } of ONLY_OURS[role])
      expect(
        added.some((name) => pattern.test(name)),
        String(pattern),
      ).toBe(true);
  });

  test('no exception is left that no Go program needs', () => {
    const names = ROLES.flatMap((role) => Object.keys(go.families[role]));
    for (const { pattern } of ONLY_GO)
      expect(
        names.some((name) => pattern.test(name)),
        String(pattern),
      ).toBe(true);
  });

  test('the events have the same components, types, reasons and kinds of objects', () => {
    expect(ours.events).toEqual(go.events.filter((line) => !(line in ONLY_GO_TELLS)));
    // What is compared is the job with all its trouble.
    const troubles = ['ProvisioningFailed', 'SnapshotCreationFailed', 'VolumeFailedDelete', 'SnapshotDeleteError'];
    for (const reason of [...troubles, 'GroupSnapshotCreationFailed', 'GroupSnapshotDeleteError', 'LeaderElection'])
      expect(go.events.join('\n')).toContain(` ${reason} on `);
  });
});
