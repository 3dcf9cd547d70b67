/** A job of `npm run verify -- node`, alone in private namespaces (harness/node/enter.ts): FOLDER JOB [SIDE [MORE]]: how many of the faults, which share of the suite, which sequence of swaps. Its last line is one JSON object. */
import { troubles } from '../../../harness/node/ask.ts';
import { type Side, TOPOLOGY_KEY } from '../../../harness/node/driver-pod.ts';
import { NODE_NAME } from '../../../harness/node/node.ts';
import { judgeSanity, runSanity, type SanityConfiguration } from '../../real/sanity.ts';
import { deployed, type Deployed } from './deployed.ts';
import { untilNothingIsLeft } from './household.ts';
import { FAULTS, runFaults } from './faults.ts';
import { isShare, runSuite } from './suite.ts';
import { SEQUENCES, type Sequence } from './swaps/plan.ts';
import { runSwaps, SWAP_SETTINGS } from './swaps/run.ts';
import { errorText } from '../../../lib/errors/error-text.ts';

const [home = '', job = '', side = 'trio', more = ''] = process.argv.slice(2);
const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** The driver on devices and mounts of this machine, as the Pod of a node runs it. */
const SANITY: readonly SanityConfiguration[] = [
  { name: 'directories', driver: [], sanity: [] },
  { name: 'file systems', driver: ['--volume-format=ext4'], sanity: [] },
  { name: 'block devices', driver: [], sanity: ['-csi.testvolumeaccesstype=block'] },
].map(({ driver, ...rest }) => ({
  ...rest,
  driver: ['--publish=bind', '--max-volumes-per-node=8', `--topology=${TOPOLOGY_KEY}=${NODE_NAME}`, ...driver],
  restarts: false,
  atLeast: 95,
}));

const JOBS: Readonly<Record<string, (node: Deployed) => Promise<object>>> = {
  sanity: async ({ plane }) => {
    const runs: Record<string, object> = {};
    let good = true;
    for (const configuration of SANITY) {
      const result = await runSanity(plane.stage, configuration);
      runs[configuration.name] = result;
      good = judgeSanity(configuration, result, say) && good;
    }
    return { good, runs };
  },
  suite: async (node) => {
    if (!isShare(more)) throw new Error(`no share of the suite is called ${JSON.stringify(more)}`);
    const result = await runSuite(node, { share: more, focus: process.env['SUITE_FOCUS'] });
    await untilNothingIsLeft(node);
    return result;
  },
  faults: async (node) => ({ faults: await runFaults(node, { say, faults: more === '' ? FAULTS : FAULTS.slice(0, Number(more)) }) }),
  swaps: async (node) => runSwaps(node, sequenceOf(more), say),
};

function sequenceOf(name: string): Sequence {
  const found = SEQUENCES.find((sequence) => sequence.name === name);
  if (found === undefined) throw new Error(`no sequence of swaps is called ${name}`);
  return found;
}

async function main(): Promise<object> {
  const run = JOBS[job];
  if (run === undefined) throw new Error(`no job is called ${job}`);
  const settings = job === 'swaps' ? SWAP_SETTINGS : {};
  const node = await deployed(side as Side, { home, settings, say });
  try {
    return await run(node);
  } catch (error) {
    say(await troubles(node.plane));
    throw error;
  } finally {
    await node.plane.stop();
  }
}

const result = await main().catch((error: unknown) => ({ error: errorText(error) }));
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit('error' in result ? 1 : 0);
