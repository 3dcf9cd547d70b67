/**
 * Why a signal of ours aborted, where nobody asks. `abort()` without a reason makes an exception with a stack each
 * time, which costs more than the call that is over.
 */
export const ENDED: Error = Object.assign(new Error('the call is over'), { name: 'AbortError' });
