import { ConfigError } from '../errors/config-error.ts';

/** Checks that it is an HTTP URL, and takes the slash off its end. */
export function serverUrl(text: string, where: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new ConfigError(`${where}: ${JSON.stringify(text)} is not a URL: write it as https://HOST:PORT`, { cause });
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new ConfigError(`${where}: ${JSON.stringify(text)} is not an http or https URL: write it as https://HOST:PORT`);
  }
  return text.replace(/\/+$/, '');
}
