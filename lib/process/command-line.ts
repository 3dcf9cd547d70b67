/**
 * A command line → what every role of the process is to do.
 *
 * Alone, a role has its own table in its peer's syntax. Together (`csi-sidecars`, pflag syntax) a flag given
 * plain sets every role that has it, `--ROLE.FLAG` one role, whatever the order; defaults stay per role.
 * Flags of the process itself (log, API server, driver socket, HTTP address) exist once, plain.
 */
import { addressFaults } from '../csi/driver-address.ts';
import { ConfigError } from '../errors/config-error.ts';
import { API_SERVER_GATES } from './api-server-gates.ts';
import { debugAddressFault } from './debug-server.ts';
import { DRIVER_FLAGS, ELECTION_FLAGS, KLOG_FLAGS, KUBE_FLAGS, PROCESS_FLAGS } from './flag-groups.ts';
import { shownDefault } from './flag-help.ts';
import type { Given, Scanned, Syntax } from './flag-syntax.ts';
import { scanFlags } from './flag-syntax.ts';
import type { Flag } from './flag.ts';
import { readValue } from './flag-value.ts';
import type { FlagValues, OptionsOf } from './flags.ts';
import { readFlags, readOptions } from './flags.ts';
import type { PreparedRole, RolePlan } from './role-plan.ts';

const MASTER_FLAG = { name: 'master', type: 'string', default: '', help: 'URL of the API server.', origin: 'peer' } as const satisfies Flag;

const CSI_ADDRESS = DRIVER_FLAGS[0];

/** Rows of the process. A role whose own table lacks one (snapshot-controller has no socket) gets the default. */
const PROCESS_TABLE = [...KLOG_FLAGS, ...PROCESS_FLAGS, ...KUBE_FLAGS, ...DRIVER_FLAGS, MASTER_FLAG] as const satisfies readonly Flag[];

export type ProcessOptions = OptionsOf<typeof PROCESS_TABLE>;
export type ElectionOptions = OptionsOf<typeof ELECTION_FLAGS>;

export interface PlannedRole {
  readonly plan: RolePlan;
  readonly prepared: PreparedRole;
  readonly values: FlagValues;
  readonly election: ElectionOptions;
}

export interface CommandLine {
  readonly process: ProcessOptions;
  readonly roles: readonly PlannedRole[];
  /** Words that are no flags, which the Go programs drop silently. */
  readonly rest: readonly string[];
  /** Flags and feature gates that were given and have no effect here, or not that value, each with the reason. */
  readonly withoutEffect: Readonly<Record<string, string>>;
}

export interface CommandLineInput {
  readonly syntax: Syntax;
  /** All that can be chosen; more than one means the combined program, which has `--roles`. */
  readonly plans: readonly RolePlan[];
  readonly argv: readonly string[];
  readonly env: (name: string) => string | undefined;
}

export type Request =
  | { readonly kind: 'help'; readonly topic: string }
  | { readonly kind: 'version' }
  | { readonly kind: 'run'; readonly line: CommandLine };

/** Not told otherwise, a combined process is what stands beside a driver. */
function rolesFlag(plans: readonly RolePlan[]): Flag {
  const beside = plans.filter(({ needsDriver }) => needsDriver);
  return {
    name: 'roles',
    type: 'string',
    default: beside.map(({ name }) => name).join(','),
    help: `Roles of this process, with commas between them: ${plans.map(({ name }) => name).join(', ')}.`,
    origin: 'ours',
  };
}

export function isCombined({ plans }: Pick<CommandLineInput, 'plans'>): boolean {
  return plans.length > 1;
}

/** Throws ConfigError with every fault of the line at once. */
export function readCommandLine(input: CommandLineInput): Request {
  const scanned = scanFlags(input.argv, input.syntax, isCombined(input) ? combinedTable(input.plans) : (input.plans[0]?.flags ?? []));
  if (scanned.help !== undefined) return { kind: 'help', topic: scanned.help };
  // The Go programs drop them; a program without a Go twin need not.
  const strays = isCombined(input)
    ? scanned.rest.map((word) => `${JSON.stringify(word)} is no flag: a verb comes first, before all flags`)
    : [];
  if (scanned.faults.length + strays.length > 0) throw new ConfigError([...scanned.faults, ...strays], { exitCode: 2 });
  const processValues = readFlags(PROCESS_TABLE, scanned.given);
  if (processValues.faults.length === 0 && processValues.get('version') === true) return { kind: 'version' };
  return { kind: 'run', line: plan(input, scanned, processValues) };
}

function plan(input: CommandLineInput, scanned: Scanned, processValues: FlagValues): CommandLine {
  const faults: string[] = [...processValues.faults];
  const chosen = isCombined(input) ? chooseRoles(input.plans, scanned.given, faults) : input.plans;
  if (chosen.some(({ needsDriver }) => needsDriver)) faults.push(...addressFaults(String(processValues.get(CSI_ADDRESS.name))));
  const debugFault = debugAddressFault(String(processValues.get('debug-endpoint') ?? ''));
  if (debugFault !== undefined) faults.push(debugFault);
  const roles = chosen.flatMap((role) => planOne({ input, role, given: givenTo(role, scanned.given, chosen), faults }));
  if (faults.length > 0) throw new ConfigError([...new Set(faults)], { exitCode: 2 });
  const process = readOptions(PROCESS_TABLE, processValues);
  if (process.httpEndpoint !== '' && process.metricsAddress !== '') {
    throw new ConfigError(['--http-endpoint and --metrics-address exclude each other: set only --http-endpoint']);
  }
  const tables = [...PROCESS_TABLE, ...chosen.flatMap(({ flags }) => flags)];
  return { process, roles, rest: scanned.rest, withoutEffect: withoutEffect(tables, scanned.given) };
}

function withoutEffect(table: readonly Flag[], given: readonly Given[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, text } of given) {
    const rows = table.filter((flag) => flag.name === name.split('.').at(-1));
    for (const row of rows) {
      const { ignored, gates = {} } = row;
      const read = readValue(row, text);
      if (ignored !== undefined) found[`--${name}`] = ignored;
      else if (read.ok && read.instead !== undefined) found[`--${name}=${text}`] = read.instead;
      for (const [gate, { ignored: why }] of Object.entries(gates))
        if (why !== undefined && text.split(',').some((part) => gateOf(part) === gate)) found[`--${name}=${gate}`] = why;
      if (row.type === 'gates')
        for (const gate of text.split(',').map(gateOf))
          if (API_SERVER_GATES.has(gate)) found[`--${name}=${gate}`] = 'it is a gate of API servers, and does nothing in a sidecar';
    }
  }
  return found;
}

function planOne({
  input,
  role,
  given,
  faults,
}: {
  input: CommandLineInput;
  role: RolePlan;
  given: readonly Given[];
  faults: string[];
}): PlannedRole[] {
  const values = readFlags(role.flags, given);
  if (values.faults.length > 0) {
    faults.push(...values.faults);
    return [];
  }
  const election = readOptions(ELECTION_FLAGS, readFlags(ELECTION_FLAGS, given));
  if (election.leaderElection) faults.push(...electionFaults(election));
  return [{ plan: role, prepared: role.prepare(values, input.env), values, election }];
}

/** client-go refuses the same, with a panic. */
function electionFaults(options: ElectionOptions): string[] {
  const [lease, renew, retry] = [
    options.leaderElectionLeaseDurationMs,
    options.leaderElectionRenewDeadlineMs,
    options.leaderElectionRetryPeriodMs,
  ];
  return [
    ...(lease > renew ? [] : ['--leader-election-lease-duration must be longer than --leader-election-renew-deadline']),
    ...(renew > 1.2 * retry ? [] : ['--leader-election-renew-deadline must be longer than 1.2 times --leader-election-retry-period']),
  ];
}

function chooseRoles(plans: readonly RolePlan[], given: readonly Given[], faults: string[]): readonly RolePlan[] {
  const flag = rolesFlag(plans);
  const text = given.findLast(({ name }) => name === flag.name)?.text ?? flag.default;
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const strangers = names.filter((name) => !plans.some((each) => each.name === name));
  if (names.length === 0 || strangers.length > 0)
    faults.push(`--roles=${JSON.stringify(text)}: write one or more of ${plans.map((each) => each.name).join(', ')}`);
  return plans.filter((each) => names.includes(each.name));
}

/** What a role hears: the plain flags first, then its own, so that its own win. */
function givenTo(role: RolePlan, given: readonly Given[], chosen: readonly RolePlan[]): readonly Given[] {
  const prefix = `${role.name}.`;
  const plain = given.filter(({ name }) => !name.includes('.')).map((each) => onlyOwnGates(each, role, chosen));
  const own = given.filter(({ name }) => name.startsWith(prefix)).map(({ name, text }) => ({ name: name.slice(prefix.length), text }));
  return [...plain, ...own];
}

/** The name in `NAME=true`. */
function gateOf(part: string): string {
  return part.split('=')[0]?.trim() ?? '';
}

/** A gate given plain is for the roles that know it; one that nobody knows stays, and is a fault. */
function onlyOwnGates(each: Given, role: RolePlan, chosen: readonly RolePlan[]): Given {
  const gatesOf = (other: RolePlan): Flag['gates'] => other.flags.find((flag) => flag.name === each.name && flag.type === 'gates')?.gates;
  if (gatesOf(role) === undefined) return each;
  const parts = each.text.split(',').filter((part) => {
    const gate = gateOf(part);
    return gate in (gatesOf(role) ?? {}) || !chosen.some((other) => gate in (gatesOf(other) ?? {}));
  });
  return { name: each.name, text: parts.join(',') };
}

/** A flag of the combined program, given plain, and the roles that take it. */
export interface SharedFlag {
  readonly flag: Flag;
  readonly roles: readonly string[];
}

/** Every flag of the combined program once: a flag of the process, or one that some of its roles have. */
export function sharedFlags(plans: readonly RolePlan[]): readonly SharedFlag[] {
  const ofProcess = new Set<string>(PROCESS_TABLE.map((flag) => flag.name));
  const process = [rolesFlag(plans), ...PROCESS_TABLE].map((flag) => ({
    flag,
    roles: plans.filter((role) => flag.name === 'roles' || role.flags.some(({ name }) => name === flag.name)).map(({ name }) => name),
  }));
  const names = new Set(plans.flatMap(({ flags }) => flags.map(({ name }) => name)).filter((name) => !ofProcess.has(name)));
  const ofRoles = [...names].flatMap((name) => {
    const owners = ownersOf(plans, name);
    const [first] = owners;
    if (first === undefined) return [];
    const gates = Object.fromEntries(owners.flatMap(({ flag }) => Object.entries(flag.gates ?? {})));
    const differs = owners.map(({ role, flag }) => `${shownDefault(flag)} for ${role}`).join(', ');
    const own =
      new Set(owners.map(({ flag }) => flag.default)).size > 1 ? { help: `${first.flag.help} Default ${differs}.`, default: '' } : {};
    return [{ flag: { ...first.flag, ...own, ...(first.flag.type === 'gates' ? { gates } : {}) }, roles: owners.map(({ role }) => role) }];
  });
  return [...process, ...ofRoles];
}

function ownersOf(plans: readonly RolePlan[], name: string): { readonly role: string; readonly flag: Flag }[] {
  return plans.flatMap((role) => role.flags.filter((flag) => flag.name === name).map((flag) => ({ role: role.name, flag })));
}

/** What may stand on the line of the combined program: each flag plain, and each of a role with its name before it. */
export function combinedTable(plans: readonly RolePlan[]): readonly Flag[] {
  const ofProcess = new Set<string>(PROCESS_TABLE.map((flag) => flag.name));
  const byRole = plans.flatMap((role) =>
    role.flags.filter((flag) => !ofProcess.has(flag.name)).map((flag) => ({ ...flag, name: `${role.name}.${flag.name}` })),
  );
  return [...sharedFlags(plans).map(({ flag }) => flag), ...byRole];
}
