/**
 * The frame of every main: a command line in, an exit code out. The same code runs one role or several.
 *
 * Order of a start: flags → HTTP server → credentials → [custom resources] → [driver connected, probed,
 * identity read] → roles created (caches declared) → caches started → per role: election, caches synced, work.
 *
 * Order of an end: 1 no new key is taken; 2 keys in work finish (`--drain-timeout`); 3 driver calls
 * and API writes under way are given up (marks and records stand, the next start resolves them); 4 leases are given back; 5 events are
 * flushed; 6 caches and sockets close. A lost lease skips 2, 4 and 5: another process may be at work already.
 *
 * Exit codes: 0 after SIGTERM, SIGINT, `--help`, `--version`; 2 for a wrong command line; 1 for all else.
 */
import { readCommandLine } from './command-line.ts';
import type { Request } from './command-line.ts';
import { faultsOf } from './fault-lines.ts';
import { formatHelp } from './flag-help.ts';
import type { ProgramInput } from './program-input.ts';
import { ProgramLife } from './program-life.ts';

/** Resolves with the exit code; the caller exits. Never rejects. */
export async function runProgram(input: ProgramInput): Promise<number> {
  const { program, version, syntax, plans, doors, argv, print } = input;
  let request: Request;
  try {
    request = readCommandLine({ syntax, plans, argv, env: (name) => doors.host.env(name) });
  } catch (error) {
    const { lines, exitCode } = faultsOf(error);
    for (const line of lines) doors.host.writeLog(`${program}: ${line}\n`);
    return exitCode;
  }
  switch (request.kind) {
    case 'help':
      if (input.help !== undefined) {
        print(input.help(request.topic));
        return 0;
      }
      // Go's flag packages print it to standard error, too, and exit 0.
      doors.host.writeLog(formatHelp({ program, syntax, flags: plans.flatMap(({ flags }) => flags) }));
      return 0;
    case 'version':
      print(`${program} ${version}\n`);
      return 0;
    case 'run':
      return new ProgramLife(input, request.line).run();
    default:
      return request satisfies never;
  }
}
