/** What `untilSignal` hands over: the first call counts. */
export interface Settle<A> {
  readonly resolve: (result: A) => void;
  readonly reject: (reason: Error) => void;
}

/**
 * A promise that is settled by what `start` is given, or rejected with the signal's reason when that fires first: then
 * what `start` answered is called. No listener stays on the signal.
 */
export function untilSignal<A>(signal: AbortSignal, start: (settle: Settle<A>) => () => void): Promise<A> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    let giveUp = (): void => {};
    const fire = (): void => {
      reject(signal.reason as Error);
      giveUp();
    };
    signal.addEventListener('abort', fire, { once: true });
    const done = (): void => signal.removeEventListener('abort', fire);
    giveUp = start({
      resolve: (result) => {
        done();
        resolve(result);
      },
      reject: (reason) => {
        done();
        reject(reason);
      },
    });
  });
}
