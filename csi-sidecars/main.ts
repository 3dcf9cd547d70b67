/**
 * All roles in one process (`--roles=`), one cache per kind; and the tools as verbs. No second code path:
 * `runProgram` runs the same role definitions as the programs of one role do.
 */
import { basename } from 'node:path';
import { ConfigError } from '../lib/errors/config-error.ts';
import { openDoors } from '../lib/process/doors/open-doors.ts';
import { runMain, runPlugin } from '../lib/process/main.ts';
import { chooseWay } from './frame/front-door.ts';
import { programHelp, rolesHelp } from './frame/help.ts';
import { runVerb } from './frame/run-verb.ts';
import type { Screen } from './frame/screen.ts';
import { ROLES } from './roles.ts';
import type { Verb } from './frame/verb.ts';
import { VERBS } from './verbs.ts';

const PROGRAM = 'csi-sidecars';

function openScreen(): Screen {
  // Somebody reads only the first lines (`| head`): nothing is left to be said.
  process.stdout.on('error', () => process.exit(0));
  const { NO_COLOR: noColour = '', TERM: term } = process.env;
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    colours: process.stdout.isTTY && noColour === '' && term !== 'dumb',
    live: process.stderr.isTTY ? (text) => void process.stderr.write(text) : undefined,
  };
}

async function runTool(verb: Verb, argv: readonly string[]): Promise<number> {
  const doors = openDoors();
  const ending = new AbortController();
  doors.host.onSignal(() => ending.abort());
  return runVerb(verb, { doors, runPlugin, screen: openScreen(), signal: ending.signal }, argv);
}

function help(topic: string): string {
  return topic === 'flags' ? rolesHelp(ROLES) : programHelp(VERBS, ROLES);
}

try {
  const way = chooseWay(process.argv.slice(2), { verbs: VERBS, calledAs: basename(process.argv[1] ?? '') });
  switch (way.kind) {
    case 'help':
      process.stdout.write(help(''));
      break;
    case 'verb':
      process.exit(await runTool(way.verb, way.argv));
      break;
    case 'roles':
      await runMain({ program: PROGRAM, syntax: 'pflag', plans: ROLES, help });
      break;
    default:
      way satisfies never;
  }
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${PROGRAM}: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
