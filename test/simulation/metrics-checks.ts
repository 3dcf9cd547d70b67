/**
 * What the metrics of a program say once the world has settled, against what happened: the answers that this life of it
 * heard from the driver, the journal, the leases. A program that died took its counts along.
 */
import { type Sample, samplesIn } from '../../harness/exposition.ts';
import type { HeardCalls } from './heard-calls.ts';
import type { Incarnation } from './incarnation.ts';
import { Violation } from './invariants.ts';
import { openEntries } from './journal.ts';
import type { World } from './world.ts';

const CREATE_VOLUME = '/csi.v1.Controller/CreateVolume';
const DELETE_VOLUME = '/csi.v1.Controller/DeleteVolume';

/** Of every program that is up. */
export async function metricsViolations(world: World): Promise<readonly Violation[]> {
  const violations: Violation[] = [];
  for (const program of world.programNames()) {
    const life = world.life(program);
    const answer = await life?.get('/metrics');
    if (life === undefined || answer === undefined) continue;
    const text = new TextDecoder().decode(answer.body);
    world.secrets.check(`the metrics of ${program}`, text);
    for (const what of wrongIn(samplesIn(text), { world, program, life }))
      violations.push(new Violation('metrics-are-true', `the metrics of ${program}: ${what}`));
  }
  return violations;
}

interface Facts {
  readonly world: World;
  readonly program: string;
  readonly life: Incarnation;
}

function wrongIn(samples: readonly Sample[], { world, program, life }: Facts): readonly string[] {
  const sum = (name: string, state?: string): number =>
    samples
      .filter((sample) => sample.name === name && (state === undefined || sample.labels['state'] === state))
      .reduce((total, { value }) => total + value, 0);
  const { heard } = life;
  const wrong = [...wrongCalls(samples, heard, !world.oddAnswers)];
  const [provisioned, made] = [sum('controller_persistentvolumeclaim_provision_total'), heard.count(CREATE_VOLUME, 'OK')];
  if (provisioned > made) wrong.push(`${provisioned} volumes provisioned, and the driver made ${made}`);
  const saved = savedBy(world, program, life);
  if (provisioned < saved) wrong.push(`${provisioned} volumes provisioned, and it saved ${saved}`);
  const [deleted, gone] = [sum('controller_persistentvolume_delete_total'), heard.count(DELETE_VOLUME, 'OK')];
  if (deleted > gone) wrong.push(`${deleted} volumes deleted, and the driver deleted ${gone}`);
  const leads = world.leads(program);
  if (world.elects && sum('leader_election_master_status') > 0 !== leads)
    wrong.push(`it ${leads ? 'leads and does not say so' : 'says it leads, and does not'}`);
  if (/^csi-(provisioner|sidecars)/.test(program) && (leads || !world.elects)) {
    const [told, open] = [sum('csi_provisioner_journal_entries', 'open'), openEntries(world.leasesOf(program)).size];
    if (told !== open) wrong.push(`${told} open entries, and the journal has ${open}`);
  }
  const inFlight = sum('snapshot_controller_operations_in_flight');
  const { snapshots, groups } = world.mirror;
  const atTheirEnd = [...snapshots.all(), ...groups.all()].every(
    ({ metadata, status }) => metadata?.deletionTimestamp === undefined && status?.readyToUse === true,
  );
  if (atTheirEnd && inFlight > 0) wrong.push(`${inFlight} operations on snapshots in flight, and every snapshot is at its end`);
  return wrong;
}

/** PersistentVolumes that stand and that nobody but this life asked the driver for. */
function savedBy({ mirror, calls }: World, program: string, { bornMs }: Incarnation): number {
  return mirror.volumes.all().filter(({ metadata }) => {
    const asked = calls.of('CreateVolume', metadata?.name ?? '');
    return asked.some(({ answer }) => answer?.code === 0) && asked.every((call) => call.program === program && call.atMs >= bornMs);
  }).length;
}

/** Which of its clocks ended a call is known to the program alone; who hears an answer that it cannot read counts it apart. */
function wrongCalls(samples: readonly Sample[], heard: HeardCalls, answersAreWhole: boolean): readonly string[] {
  const classOf = (code: string): string => {
    if (code === 'Canceled' || code === 'DeadlineExceeded') return 'ended';
    return !answersAreWhole && code === 'unknown-non-grpc' ? 'OK' : code;
  };
  const told = new Map<string, number>();
  for (const { name, labels, value } of samples) {
    if (name !== 'csi_sidecar_operations_seconds_count') continue;
    const key = `${labels['method_name']} ${classOf(labels['grpc_status_code'] ?? '')}`;
    told.set(key, (told.get(key) ?? 0) + value);
  }
  const truly = new Map<string, number>();
  for (const { method, code, count } of heard.all()) {
    const key = `${method} ${classOf(code)}`;
    truly.set(key, (truly.get(key) ?? 0) + count);
  }
  // A call that was not sent, since there was no connection until its time was over, has that for its answer.
  const isTrue = (key: string): boolean =>
    key.endsWith(' Unavailable') ? (told.get(key) ?? 0) >= (truly.get(key) ?? 0) : told.get(key) === truly.get(key);
  return [...new Set([...told.keys(), ...truly.keys()])]
    .filter((key) => !isTrue(key))
    .map((key) => `${key} ${told.get(key) ?? 0} times, and it was ${truly.get(key) ?? 0}`);
}
