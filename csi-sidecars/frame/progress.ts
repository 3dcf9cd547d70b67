/**
 * What a verb is doing, for whoever waits: one line on a terminal that the next one overwrites, shown only
 * once a second has passed, and wiped away in the end. A pipe never sees any of it.
 */
import type { Clock } from '../../lib/doors/clock.ts';
import type { Screen } from './screen.ts';

const PATIENCE_MS = 1000;
const WIPE = '\r\u001B[K';

export interface Progress {
  say(text: string): void;
  end(): void;
}

export function startProgress({ live }: Pick<Screen, 'live'>, clock: Clock): Progress {
  if (live === undefined) return { say: () => undefined, end: () => undefined };
  let latest = '';
  let shown = false;
  const cancel = clock.setTimer(PATIENCE_MS, () => {
    shown = true;
    live(`${WIPE}${latest}`);
  });
  return {
    say: (text) => {
      latest = text;
      if (shown) live(`${WIPE}${latest}`);
    },
    end: () => {
      cancel();
      if (shown) live(WIPE);
    },
  };
}
