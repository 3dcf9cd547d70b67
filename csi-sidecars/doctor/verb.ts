/**
 * `csi-sidecars doctor [--driver=NAME]`: what is wrong with snapshots and volumes in a cluster, each finding with where,
 * since when, what it breaks and how to mend it. It only looks: the one thing that it sends is the question of rights.
 */
import type { KubeClient } from '../../lib/kube/client.ts';
import { isForbidden, isNotFound } from '../../lib/kube/api-error.ts';
import { EVENTS, SECRETS } from '../../lib/kube/resources.ts';
import type { Flag } from '../../lib/process/flag.ts';
import { KUBECONFIG_FLAG, withCluster } from '../frame/cluster.ts';
import { startProgress } from '../frame/progress.ts';
import { defineVerb, type VerbPlace } from '../frame/verb.ts';
import { readCrds } from '../install-crds/crd-files.ts';
import { type Listed, listVisible, readOnly } from '../reading/read-only-client.ts';
import { openRights } from './access-review.ts';
import type { Case } from './check.ts';
import { CHECKS } from './checks.ts';
import type { NamedFinding, Unchecked } from './finding.ts';
import { kubectlName } from '../reading/place.ts';
import { type Report, reportLines } from './report.ts';
import { type Survey, takeSurvey } from './survey.ts';

const FLAGS = [
  KUBECONFIG_FLAG,
  { name: 'driver', type: 'string', default: '', help: 'Only what concerns this CSI driver. Empty: all.', origin: 'ours' },
  {
    name: 'stuck-after',
    type: 'duration',
    default: '5m',
    help: 'What waits for longer than this counts as stuck.',
    origin: 'ours',
    min: 0,
  },
] as const satisfies readonly Flag[];

export const DOCTOR = defineVerb({
  name: 'doctor',
  about: 'finds what is wrong with snapshots and volumes in a cluster, and says how to mend it',
  example: 'csi-sidecars doctor --driver=ebs.csi.aws.com',
  schemaVersion: 1,
  flags: FLAGS,
  run: async (input) => {
    const { kubeconfig, driver, stuckAfterMs } = input.options;
    const report = await withCluster(input, { kubeconfig, verb: 'doctor' }, ({ client }) =>
      examine(input, client, { driver: driver === '' ? undefined : driver, stuckAfterMs }),
    );
    return {
      found: report.findings.length > 0,
      json: { ...report, findings: report.findings.map((finding) => ({ ...finding, since: finding.since ?? null })) },
      lines: (paint) => reportLines(report, paint),
    };
  },
});

/** Each costs a request: where thousands are stuck, the first ones say why. */
const MOST_WARNINGS = 100;

async function examine(
  { doors, screen, signal }: VerbPlace,
  client: KubeClient,
  asked: Pick<Case, 'driver' | 'stuckAfterMs'>,
): Promise<Report> {
  const progress = startProgress(screen, doors.clock);
  try {
    const looking = readOnly(client);
    const survey = await takeSurvey(looking, { signal, say: progress.say });
    let warnings = 0;
    const given: Case = {
      ...asked,
      ...openRights(client, signal),
      survey,
      nowMs: doors.clock.now(),
      crds: await readCrds(doors.files),
      hasSecret: (target) =>
        looking.get(SECRETS, target, signal).then(
          () => true,
          (error: unknown) => {
            if (isNotFound(error)) return false;
            if (isForbidden(error)) return undefined;
            throw error;
          },
        ),
      warningAbout: async ({ uid, namespace = 'default' }) => {
        if (uid === undefined || warnings >= MOST_WARNINGS) return undefined;
        warnings += 1;
        const events = await listVisible(looking, EVENTS, { signal, namespace, fieldSelector: `involvedObject.uid=${uid},type=Warning` });
        const newest = events.items.toSorted((a, b) => ((a.lastTimestamp ?? '') < (b.lastTimestamp ?? '') ? 1 : -1))[0];
        return newest === undefined ? undefined : `${newest.reason ?? ''}: ${newest.message ?? ''}`;
      },
    };
    const findings: NamedFinding[] = [];
    const unchecked: Unchecked[] = blindSpots(survey);
    for (const { name, run } of CHECKS) {
      progress.say(`checking ${name}`);
      const result = await run(given);
      findings.push(...result.findings.map((finding) => ({ check: name, ...finding })));
      unchecked.push(...(result.unchecked ?? []));
    }
    const looked = Object.fromEntries(listsOf(survey).map(([kind, { items }]) => [kind, items.length]));
    return { findings: withoutFollowers(findings), unchecked, looked };
  } finally {
    progress.end();
  }
}

function listsOf(survey: Survey): [string, Listed<unknown>][] {
  return Object.entries<Listed<unknown>>({ ...survey });
}

function blindSpots(survey: Case['survey']): Unchecked[] {
  return listsOf(survey).flatMap(([what, { blind }]) => {
    // A missing snapshot CRD is a finding of its own.
    if (blind === undefined || (blind.reason === 'absent' && (what === 'snapshots' || what === 'contents' || what === 'snapshotClasses')))
      return [];
    return [{ what, why: blind.message }];
  });
}

/** Whoever is told why it does not move need not be told that it does not. */
function withoutFollowers(findings: readonly NamedFinding[]): NamedFinding[] {
  const explained = new Set(findings.flatMap(({ check, where }) => (check === 'stuck' ? [] : [kubectlName(where)])));
  return findings.filter(({ check, where }) => check !== 'stuck' || !explained.has(kubectlName(where)));
}
