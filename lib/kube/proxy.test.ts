import { expect, test } from 'vitest';
import { proxyOf } from './proxy.ts';

const SERVER = 'https://api.corp.example:6443';
const find = (env: Readonly<Record<string, string>>, baseUrl = SERVER, proxyUrl?: string): string | undefined =>
  proxyOf({ baseUrl, ...(proxyUrl === undefined ? {} : { proxyUrl }) }, (name) => env[name]);
const PROXY = 'http://proxy:3128';

test('the environment names the proxy, in upper or lower case, for the scheme of the server', () => {
  expect(find({})).toBeUndefined();
  expect(find({ HTTPS_PROXY: PROXY })).toBe(PROXY);
  expect(find({ https_proxy: PROXY })).toBe(PROXY);
  expect(find({ HTTP_PROXY: PROXY })).toBeUndefined();
  expect(find({ HTTP_PROXY: PROXY }, 'http://api.corp.example')).toBe(PROXY);
  expect(find({ HTTPS_PROXY: 'proxy:3128' })).toBe(PROXY);
});

test('the kubeconfig wins over the environment and its exceptions', () => {
  expect(find({ HTTPS_PROXY: 'http://other:1', NO_PROXY: '*' }, SERVER, PROXY)).toBe(PROXY);
  expect(find({}, 'https://localhost:6443', PROXY)).toBe(PROXY);
});

test.each([
  ['https://localhost:6443', ''],
  ['https://127.0.0.9:6443', ''],
  ['https://[::1]:6443', ''],
  [SERVER, '*'],
  [SERVER, 'corp.example'],
  [SERVER, 'API.corp.example'],
  [SERVER, '.corp.example'],
  [SERVER, '*.corp.example'],
  [SERVER, 'nobody.example, api.corp.example:6443'],
  ['https://10.96.0.1', '10.0.0.0/8'],
  ['https://10.96.0.1', '10.96.0.1'],
  ['https://[fd00::1]', 'fd00::/8'],
  ['https://[fd00::1]', 'fd00::1'],
  ['https://[fd00::1]', 'fd00:0:0:0:0:0:0:1'],
  ['https://10.96.0.1', '0.0.0.0/0'],
])('%s is reached directly with NO_PROXY=%s', (server, exceptions) => {
  expect(find({ HTTPS_PROXY: PROXY, NO_PROXY: exceptions }, server)).toBeUndefined();
});

test.each([
  [SERVER, 'api.corp.example:443'],
  [SERVER, 'orp.example'],
  ['https://corp.example', '.corp.example'],
  ['https://10.96.0.1', '10.96.0.0/99'],
  ['https://10.96.0.1', '192.168.0.0/16'],
  ['https://10.96.0.1', 'fd00::/8'],
  ['https://10.96.0.1', '10.96.0.300/8'],
  ['https://[fd00::1]', 'fd00::1::/8'],
  ['https://[fd00::1]', 'fd00::2'],
  [SERVER, ',,'],
])('%s goes by the proxy with NO_PROXY=%s', (server, exceptions) => {
  expect(find({ HTTPS_PROXY: PROXY, NO_PROXY: exceptions }, server)).toBe(PROXY);
});

test('a proxy that cannot be used is refused by the name of its setting, without its password', () => {
  expect(() => find({}, SERVER, 'socks4://user:hunter2@proxy:1080')).toThrow(
    'the proxy in proxy-url of the kubeconfig has the scheme socks4: write it as http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT',
  );
  expect(() => find({ HTTPS_PROXY: 'http://:hunter2@' })).toThrow(/^the proxy in HTTPS_PROXY is not a URL: /);
  expect(() => find({}, SERVER, 'socks5:proxy')).toThrow(/^the proxy in proxy-url of the kubeconfig is not a URL: /);
});

test.each(['socks5://proxy:1080', 'socks5h://user:pass@proxy'])('%s leads there, too', (proxy) => {
  expect(find({}, SERVER, proxy)).toBe(proxy);
  expect(find({ HTTPS_PROXY: proxy })).toBe(proxy);
});

test('a user or password that no proxy could be told is refused before anything is asked, without repeating it', () => {
  expect(() => find({}, SERVER, 'http://user:hunter%2@proxy:1080')).toThrow(
    'the proxy in proxy-url of the kubeconfig has a password with a % that no two hexadecimal digits follow: write it as %25',
  );
  const long = 'ü'.repeat(128);
  expect(() => find({ HTTPS_PROXY: `socks5://${long}:x@proxy` })).toThrow(
    'the proxy in HTTPS_PROXY has a user of 256 bytes: SOCKS5 has room for 255',
  );
  expect(find({}, SERVER, `http://user:${long}@proxy`)).toContain('proxy');
});
