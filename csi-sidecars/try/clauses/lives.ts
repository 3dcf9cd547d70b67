/** Which volumes and snapshots were there at each call, as far as the journal tells. */
import type { AnyCall, Call } from '../journal/call.ts';
import { okOf } from '../journal/call.ts';

export interface Repeat<R extends 'CreateVolume' | 'CreateSnapshot'> {
  readonly call: Call<R>;
  /** The first call that made what has this name, and it was not deleted since. */
  readonly first: Call<R>;
}

/** Every CreateVolume of a name that has a volume already. */
export function repeatedVolumes(calls: readonly AnyCall[]): Repeat<'CreateVolume'>[] {
  return repeated(calls, { making: 'CreateVolume', deleting: 'DeleteVolume', idOf: idOfVolume });
}

export function repeatedSnapshots(calls: readonly AnyCall[]): Repeat<'CreateSnapshot'>[] {
  return repeated(calls, { making: 'CreateSnapshot', deleting: 'DeleteSnapshot', idOf: idOfSnapshot });
}

export function idOfVolume(call: Call<'CreateVolume'>): string | undefined {
  return okOf(call)?.volume?.volumeId;
}

export function idOfSnapshot(call: Call<'CreateSnapshot'>): string | undefined {
  return okOf(call)?.snapshot?.snapshotId;
}

interface Kind<R extends 'CreateVolume' | 'CreateSnapshot'> {
  readonly making: R;
  readonly deleting: 'DeleteVolume' | 'DeleteSnapshot';
  readonly idOf: (call: Call<R>) => string | undefined;
}

function repeated<R extends 'CreateVolume' | 'CreateSnapshot'>(
  calls: readonly AnyCall[],
  { making, deleting, idOf }: Kind<R>,
): Repeat<R>[] {
  const found: Repeat<R>[] = [];
  const living = new Map<string, Call<R>>();
  for (const call of calls) {
    if (call.rpc === deleting && call.answer.kind !== 'refused') {
      const id = 'volumeId' in call.request ? call.request.volumeId : 'snapshotId' in call.request ? call.request.snapshotId : '';
      for (const [name, first] of living) if (idOf(first) === id) living.delete(name);
    }
    if (call.rpc !== making) continue;
    const made = call as unknown as Call<R>;
    const { name } = made.request;
    const first = living.get(name);
    // One that was sent before the other was answered is no repetition: the two were under way at once.
    if (first !== undefined) {
      if (first.answeredMs !== undefined && first.answeredMs <= made.sentMs) found.push({ call: made, first });
    } else if (idOf(made) !== undefined) living.set(name, made);
  }
  return found;
}

/** Whether the volume that exists is what this request asks for, too. Undefined: it cannot be told. */
export function fits({ call, first }: Repeat<'CreateVolume'>): boolean | undefined {
  const there = okOf(first)?.volume;
  if (there === undefined) return undefined;
  if (JSON.stringify(call.request.volumeContentSource) !== JSON.stringify(first.request.volumeContentSource)) return false;
  const { requiredBytes = 0n, limitBytes = 0n } = call.request.capacityRange ?? {};
  // A driver that does not know a volume's size cannot be held to it.
  if (there.capacityBytes === 0n) return undefined;
  return there.capacityBytes >= requiredBytes && (limitBytes === 0n || there.capacityBytes <= limitBytes);
}
