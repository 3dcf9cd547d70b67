/**
 * Which proxy leads to the API server, as client-go finds it: the kubeconfig's `proxy-url`, else HTTPS_PROXY or HTTP_PROXY
 * with the exceptions in NO_PROXY (golang.org/x/net/http/httpproxy). Pure.
 */
import { bareHost } from '../doors/bare-host.ts';
import { ConfigError } from '../errors/config-error.ts';

/** Those of golang.org's net/http. */
const SCHEMES = ['http:', 'https:', 'socks5:', 'socks5h:'];
/** Of a user or a password (RFC 1929). */
const SOCKS_BYTES = 255;

export type Environment = (name: string) => string | undefined;

/** URL of the proxy; undefined: the server is reached directly. Throws ConfigError for one that cannot be used. */
export function proxyOf(target: { readonly baseUrl: string; readonly proxyUrl?: string }, env: Environment): string | undefined {
  if (target.proxyUrl !== undefined && target.proxyUrl !== '') return checked(target.proxyUrl, 'proxy-url of the kubeconfig');
  const server = new URL(target.baseUrl);
  const name = server.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = either(env, name);
  if (proxy === '' || isExempt(server, either(env, 'NO_PROXY'))) return undefined;
  return checked(proxy.includes('://') ? proxy : `http://${proxy}`, name);
}

function either(env: Environment, name: string): string {
  return env(name) || env(name.toLowerCase()) || '';
}

/** The text may hold a password: it is never repeated. */
function checked(text: string, where: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '') throw unusable(where, 'is not a URL');
  if (!SCHEMES.includes(url.protocol)) throw unusable(where, `has the scheme ${url.protocol.slice(0, -1)}`);
  for (const [what, value] of [['user', url.username] as const, ['password', url.password] as const]) {
    const size = sizeOf(value);
    if (size === undefined)
      throw new ConfigError(`the proxy in ${where} has a ${what} with a % that no two hexadecimal digits follow: write it as %25`);
    if (url.protocol.startsWith('socks') && size > SOCKS_BYTES)
      throw new ConfigError(`the proxy in ${where} has a ${what} of ${size} bytes: SOCKS5 has room for ${SOCKS_BYTES}`);
  }
  return text;
}

function unusable(where: string, what: string): ConfigError {
  return new ConfigError(`the proxy in ${where} ${what}: write it as http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT`);
}

/** In bytes, decoded; undefined where it cannot be. */
function sizeOf(part: string): number | undefined {
  try {
    return new TextEncoder().encode(decodeURIComponent(part)).length;
  } catch {
    return undefined;
  }
}

/** Loopback never goes by a proxy, and what NO_PROXY lists does not. */
function isExempt(server: URL, exceptions: string): boolean {
  const host = bareHost(server.hostname).toLowerCase();
  const port = server.port === '' ? (server.protocol === 'https:' ? '443' : '80') : server.port;
  if (host === 'localhost' || within(host, '127.0.0.0', 8) || within(host, '::1', 128)) return true;
  return exceptions.split(',').some((entry) => matches(entry.trim().toLowerCase(), host, port));
}

/** `*`, an address, a range of addresses, or a domain with all below it; the last two with a port of their own. */
function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  const [, network = '', bits] = /^(.+)\/(\d+)$/.exec(entry) ?? [];
  if (bits !== undefined) return within(host, network, Number(bits));
  const [, name = entry, only] = addressOf(entry) !== undefined ? [] : (/^(.*):(\d+)$/.exec(entry) ?? []);
  if (name === '' || (only !== undefined && only !== port)) return false;
  const bare = bareHost(name);
  const address = addressOf(bare);
  if (address !== undefined) return isSame(address, addressOf(host));
  const domain = bare.replace(/^\*(?=\.)/, '');
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

function within(host: string, network: string, bits: number): boolean {
  const [address, base] = [addressOf(host), addressOf(network)];
  if (address === undefined || base?.width !== address.width || bits > base.width) return false;
  const rest = BigInt(base.width - bits);
  return address.value >> rest === base.value >> rest;
}

interface Address {
  readonly value: bigint;
  /** 32 or 128 bits. */
  readonly width: number;
}

function isSame(one: Address, other: Address | undefined): boolean {
  return one.width === other?.width && one.value === other.value;
}

/** Undefined for a name. */
function addressOf(text: string): Address | undefined {
  const four = ipv4(text);
  if (four !== undefined) return { value: four, width: 32 };
  const [head = '', tail, ...more] = text.split('::');
  if (!text.includes(':') || more.length > 0) return undefined;
  const [before, after] = [groups(head), groups(tail ?? '')];
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const all = [...before, ...Array.from({ length: missing }, () => 0n), ...after];
  if (all.some((group) => group === undefined)) return undefined;
  return { value: all.reduce<bigint>((sum, group) => (sum << 16n) | (group ?? 0n), 0n), width: 128 };
}

function groups(text: string): readonly (bigint | undefined)[] {
  return text === '' ? [] : text.split(':').map((group) => (/^[0-9a-f]{1,4}$/i.test(group) ? BigInt(`0x${group}`) : undefined));
}

function ipv4(text: string): bigint | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}
