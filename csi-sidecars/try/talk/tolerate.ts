import { CsiError } from '../../../lib/csi/csi-error.ts';

/** The answer, or undefined for an error of the driver: the journal holds it, and a clause judges it. */
export async function tolerate<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof CsiError) return undefined;
    throw error;
  }
}
