/** Bearer tokens in files: the kubelet and other agents rotate them in place. */
import type { Clock } from '../doors/clock.ts';
import type { Files } from '../doors/files.ts';
import { ConfigError } from '../errors/config-error.ts';
import type { Credentials } from './credentials.ts';
import { readText } from './file-text.ts';

/** Old tokens stay valid for longer than this after a rotation. */
export const TOKEN_REREAD_MS = 60_000;

export function bearerFile(doors: { readonly files: Files; readonly clock: Clock }, path: string, remedy: string): Credentials {
  let token: string | undefined;
  let readAt = 0;
  return async (refresh) => {
    const now = doors.clock.monotonic();
    if (token === undefined || refresh !== undefined || now - readAt >= TOKEN_REREAD_MS) {
      try {
        const text = (await readText(doors.files, path, { what: 'token file', remedy })).trim();
        if (text === '') throw new ConfigError(`token file ${path} is empty: ${remedy}`);
        token = text;
      } catch (error) {
        // A rotation under way: the last token is better than none.
        if (token === undefined) throw error;
      }
      readAt = now;
    }
    return { authorization: `Bearer ${token}` };
  };
}
