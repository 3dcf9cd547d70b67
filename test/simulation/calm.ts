/**
 * Since when nothing outside the programs hinders them: the API server answers truly and at once, driver and
 * programs are up. How long somebody may wait is asked for only then. A driver that refuses hinders nobody here:
 * its refusals are answers.
 */
import type { FaultRates } from './faults.ts';
import type { Leadership } from './leadership.ts';

/** A start of a program reads every list; a driver that comes back is asked who it is. */
const START_MS = 3_000;
/** After the API server erred: half-open watches are noticed after three minutes, and two back-offs of five may follow each other. */
const RECOVERY_MS = 11 * 60_000;

/** The program that has all roles. */
const ALL_ROLES = 'csi-sidecars';

const OF_THE_SERVER: readonly (keyof FaultRates)[] = [
  'lost',
  'lateAnswer',
  'limbo',
  'refused',
  'conflict',
  'cutWatch',
  'silentWatch',
  'staleWatch',
];

export class Calm {
  /** Nothing went wrong so far, in the whole run. */
  untouched = true;
  /** Requests to the API server went wrong at some time: back-offs that nobody counts may be in force. */
  serverErred = false;
  refusing = false;
  /** When there was no driver, as far as that is over. */
  readonly driverless: { readonly fromMs: number; readonly toMs: number }[] = [];
  /** Drivers that are down, with since when. */
  private readonly driversGone = new Map<string, number>();
  private readonly born = new Map<string, number>();
  private erring = false;
  private sinceMs = 0;
  private readonly down = new Set<string>();
  /** Requests that took longer than the ordinary. */
  private readonly delays: { readonly atMs: number; readonly ms: number }[] = [];
  private readonly now: () => number;
  /** Undefined: every program leads. */
  private readonly leadership: Leadership | undefined;

  constructor(now: () => number, leadership: Leadership | undefined) {
    this.now = now;
    this.leadership = leadership;
  }

  /** Undefined: not now. The answer may lie ahead. */
  since(): number | undefined {
    if (this.erring || this.down.size > 0) return undefined;
    if (this.leadership === undefined) return this.sinceMs;
    const ledMs = this.leadership.since();
    return ledMs === undefined ? undefined : Math.max(this.sinceMs, ledMs + START_MS);
  }

  faults(rates: FaultRates): void {
    if (Object.values(rates).some((rate: number) => rate > 0)) this.untouched = false;
    const errs = OF_THE_SERVER.some((rate) => rates[rate] > 0);
    if (this.erring && !errs) this.notBefore(RECOVERY_MS);
    this.erring = errs;
    if (errs) this.serverErred = true;
  }

  /** Watches are cut, tokens change: whoever has to begin anew has. */
  serverDisturbs(): void {
    this.untouched = false;
    this.serverErred = true;
    this.notBefore(RECOVERY_MS);
  }

  /** A story refuses requests: those who wait are to be told so, but nobody can say how long they wait. */
  refuses(on: boolean): void {
    if (on) [this.untouched, this.serverErred] = [false, true];
    else this.notBefore(RECOVERY_MS);
    this.refusing = on;
  }

  goes(name: string): void {
    this.untouched = false;
    if (this.leadership === undefined || name === 'server') this.down.add(name);
    else this.leadership.goes(name);
  }

  serverComes(): void {
    this.down.delete('server');
    this.notBefore(START_MS);
  }

  /** `name`: which of them, where there is more than one. */
  driverGoes(name: string): void {
    this.untouched = false;
    if (!this.driversGone.has(name)) this.driversGone.set(name, this.now());
    this.down.add(name);
  }

  driverComes(name: string): void {
    const fromMs = this.driversGone.get(name);
    if (fromMs !== undefined) this.driverless.push({ fromMs, toMs: this.now() });
    this.driversGone.delete(name);
    this.down.delete(name);
    this.notBefore(START_MS);
  }

  /** Nobody counts on it, and nobody waits for it, until it comes again. */
  leaves(name: string): void {
    this.down.delete(name);
  }

  /** A program is told to end. */
  ends(program: string): void {
    this.untouched = false;
    if (this.leadership === undefined) this.down.add(program);
    else this.leadership.ends(program);
  }

  /** A program is stopped, and goes on with what it knew. */
  stops(program: string): void {
    this.untouched = false;
    if (this.leadership === undefined) this.down.add(program);
    else this.leadership.stops(program);
  }

  goesOn(program: string): void {
    if (this.leadership !== undefined) return this.leadership.goesOn(program);
    this.down.delete(program);
    this.notBefore(START_MS);
  }

  starts(program: string): void {
    if (this.leadership !== undefined) return this.leadership.starts(program);
    this.born.set(program, this.now());
    this.down.delete(program);
    this.notBefore(START_MS);
  }

  /** When the program that has this role was started last. */
  bornMs(role: 'csi-snapshotter' | 'csi-provisioner', node?: string): number {
    if (node !== undefined) return this.born.get(`${role}-${node}`) ?? 0;
    return this.leadership?.bornMs(role) ?? this.born.get(role) ?? this.born.get(ALL_ROLES) ?? 0;
  }

  /** A request takes so much longer than the ordinary. */
  delay(ms: number): void {
    this.delays.push({ atMs: this.now(), ms });
  }

  /** In sum, of requests that were sent since then. */
  delaysSince(fromMs: number): number {
    let sum = 0;
    for (let i = this.delays.length - 1; i >= 0; i -= 1) {
      const delay = this.delays[i];
      if (delay === undefined || delay.atMs < fromMs) break;
      sum += delay.ms;
    }
    return sum;
  }

  private notBefore(ms: number): void {
    this.sinceMs = Math.max(this.sinceMs, this.now() + ms);
  }
}
