import type { Files } from '../doors/files.ts';
import { ConfigError } from '../errors/config-error.ts';

/** A file as text. A failure is a ConfigError that says what the file is for and what to do. */
export async function readText(files: Files, path: string, hint: { readonly what: string; readonly remedy: string }): Promise<string> {
  try {
    return new TextDecoder().decode(await files.read(path));
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new ConfigError(`${hint.what} ${path} cannot be read (${code}): ${hint.remedy}`, { cause });
  }
}
