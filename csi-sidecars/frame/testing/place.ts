/** A place for verbs without a world: what is said is kept. */
import type { Doors } from '../../../lib/doors/doors.ts';
import { ManualClock } from '../../../lib/controller/testing/manual-clock.ts';
import type { Screen } from '../screen.ts';
import type { VerbPlace } from '../verb.ts';

export interface TestPlace extends VerbPlace {
  readonly out: string[];
  readonly err: string[];
  readonly live: string[];
  readonly clock: ManualClock;
}

/** `terminal`: as a person sees it, with colour and progress. */
export function testPlace({
  terminal = false,
  doors = {},
}: {
  readonly terminal?: boolean;
  readonly doors?: Partial<Doors>;
} = {}): TestPlace {
  const out: string[] = [];
  const err: string[] = [];
  const live: string[] = [];
  const clock = new ManualClock();
  const screen: Screen = {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    colours: terminal,
    live: terminal ? (text) => void live.push(text) : undefined,
  };
  const closed = { clock, ...doors } as Doors;
  return { out, err, live, clock, screen, doors: closed, signal: new AbortController().signal };
}
