/** Every verb, given what a person or a cluster can get wrong: one clear line each, no stack, and the exit code that says so. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Verb } from '../../csi-sidecars/frame/verb.ts';
import { VERBS } from '../../csi-sidecars/verbs.ts';
import { openDoors } from '../../lib/process/doors/open-doors.ts';
import { type Answer, askVerb } from '../ask-verb.ts';

let dir = '';
const servers: Server[] = [];
const sockets = new Set<Socket>();
const kubeconfigs: Record<string, string> = {};
const addresses: Record<string, string> = {};

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'csi-verb-input-'));
  kubeconfigs['missing'] = join(dir, 'nowhere');
  kubeconfigs['truncated'] = file('truncated', 'apiVersion: v1\nclusters:\n- cluster: {server: "http://127');
  kubeconfigs['without a context'] = file('empty', 'apiVersion: v1\nkind: Config\n');
  kubeconfigs['of a server that is gone'] = kubeconfig('gone', 'http://127.0.0.1:9');
  kubeconfigs['of another server'] = await answering('web', (_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>It works!</body></html>');
  });
  kubeconfigs['of another cluster'] = await answering('unauthorized', refusing(401, 'Unauthorized', 'Unauthorized'));
  kubeconfigs['without a right'] = await answering('forbidden', refusing(403, 'Forbidden', 'forbidden: User "u" cannot do that'));
  kubeconfigs['of a cluster that breaks off'] = await answering('torn', (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"kind":"List","items":[{"metadata":{"na');
    setTimeout(() => response.destroy(), 20);
  });
  addresses['missing'] = join(dir, 'nowhere.sock');
  addresses['no socket'] = file('plain', 'text');
  addresses['a driver that dies'] = await listening('dies', (socket) => socket.destroy());
  addresses['a driver that hangs'] = await listening('hangs', () => undefined);
  addresses['something else'] = await listening('web.sock', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  rmSync(dir, { recursive: true });
});

function file(name: string, content: string): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

function kubeconfig(name: string, server: string): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user: { token: 'of-another-cluster' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  return file(name, JSON.stringify(config));
}

async function listen(server: Server, where: { readonly path: string } | { readonly port: number; readonly host: string }): Promise<void> {
  servers.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(where, resolve));
}

/** Kubeconfig of a server that answers so. */
async function answering(name: string, listener: RequestListener): Promise<string> {
  const server = createHttpServer(listener);
  await listen(server, { port: 0, host: '127.0.0.1' });
  const at = server.address();
  return kubeconfig(name, `http://127.0.0.1:${typeof at === 'object' ? (at?.port ?? 0) : 0}`);
}

function refusing(code: number, reason: string, message: string): RequestListener {
  return (_, response) => {
    response
      .writeHead(code, { 'content-type': 'application/json' })
      .end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message }));
  };
}

async function listening(name: string, met: (socket: Socket) => void): Promise<string> {
  const path = join(dir, name);
  await listen(createServer(met), { path });
  return path;
}

const doors = openDoors();
const verb = (name: string): Verb => {
  const found = VERBS.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no verb ${name}`);
  return found;
};
const ask = (name: string, words: readonly string[]): Promise<Answer> =>
  askVerb(verb(name), { doors, signal: new AbortController().signal }, words);

/** Each verb that looks at a cluster. */
const LOOKS: readonly (readonly [string, ...string[]])[] = [
  ['doctor'],
  ['explain', 'pvc/data'],
  ['lineage'],
  ['export', 'pvc/data'],
  ['import', '--handle=s', '--driver=d.example', '--name=n'],
  ['release', '--driver=d.example'],
  ['install-crds', '--check'],
];

/** What a person reads: one line, with the remedy. */
function isOneLine(answer: Answer, line: RegExp): void {
  expect(answer).toEqual({ code: 1, out: [], err: [expect.stringMatching(line)] });
}

describe.each<[string, RegExp]>([
  ['missing', /kubeconfig \S+ cannot be read \(ENOENT\): pass the path of a readable kubeconfig/],
  ['truncated', /kubeconfig \S+ is not valid: unexpected end .*: compare it with the output of kubectl config view/],
  ['without a context', /current-context is not set: run kubectl config use-context NAME/],
  ['of a server that is gone', /the API server does not answer \(.*ECONNREFUSED.*\): check the server in the kubeconfig, and that it runs/],
  [
    'of another server',
    /the API server does not answer \(.*the answer is not JSON that the API serves\): check the server in the kubeconfig/,
  ],
  [
    'of another cluster',
    /the API server refuses the login \(Unauthorized\): the kubeconfig is of another cluster, or its token has run out/,
  ],
  ['of a cluster that breaks off', /the API server does not answer \(.*ECONNRESET.*\): check the server/],
])('a kubeconfig %s', (what, line) => {
  // The client tries again for some seconds: side by side they wait once.
  test.concurrent.each(LOOKS)('%s', async (name, ...words) => {
    isOneLine(await ask(name, [...words, `--kubeconfig=${kubeconfigs[what] ?? ''}`]), line);
  });
});

describe('without a right', () => {
  const look = (name: string, ...words: string[]): Promise<Answer> =>
    ask(name, [...words, `--kubeconfig=${kubeconfigs['without a right'] ?? ''}`]);

  test.each(LOOKS.filter(([name]) => ['explain', 'export', 'release', 'install-crds'].includes(name)))(
    '%s says so',
    async (name, ...words) => {
      isOneLine(await look(name, ...words), /cannot do that: run this as somebody who may do that$/);
    },
  );

  test('import does not take it that nobody has the snapshot', async () => {
    isOneLine(
      await look('import', '--handle=s', '--driver=d.example', '--name=n'),
      /whether a content has this snapshot already cannot be told: you may not list volumesnapshotcontents/,
    );
  });

  test('lineage does not say that there is nothing', async () => {
    const { code, out } = await look('lineage');
    expect(code).toBe(1);
    expect(out).toEqual([
      'No claim, volume or snapshot can be seen.',
      ...['persistentvolumeclaims', 'persistentvolumes', 'volumesnapshots', 'volumesnapshotcontents'].map(
        (kind) => `you may not list ${kind}`,
      ),
    ]);
  });

  test('doctor finds nothing, and says of every kind that it was not looked at', async () => {
    const { out } = await look('doctor', '--output=json');
    const { findings, unchecked } = JSON.parse(out[0] ?? '') as { findings: object[]; unchecked: { why: string }[] };
    expect(findings).toEqual([]);
    expect(unchecked.filter(({ why }) => why.startsWith('you may not list')).length).toBeGreaterThanOrEqual(13);
  });
});

describe.each<[string, RegExp]>([
  ['missing', /nowhere.sock: there is no such socket \(ENOENT\): start the driver, or correct --csi-address/],
  ['no socket', /plain: nobody serves it \(ECONNREFUSED\): a driver that ended left it behind, or it is no socket/],
  [
    'a driver that dies',
    /the driver at \S+dies failed at GetPluginInfo \(rpc error: code = Unavailable desc = .*[^ ]\): see its log, or give it longer/,
  ],
  [
    'a driver that hangs',
    /the driver at \S+hangs failed at GetPluginInfo \(rpc error: code = DeadlineExceeded desc = .*\): see its log, or give it longer/,
  ],
  [
    'something else',
    /the driver at \S+web.sock failed at GetPluginInfo \(rpc error: code = Unavailable desc = .*Protocol error\): see its log/,
  ],
])('--csi-address: %s', (what, line) => {
  test.each([['audit'], ['import', '--handle=s', '--driver=d.example', '--name=n']])('%s', async (name, ...words) => {
    isOneLine(await ask(name, [...words, `--csi-address=${addresses[what] ?? ''}`, '--timeout=500ms']), line);
  });
});

describe('a file or a word', () => {
  const FILES = { MISSING: 'no.yaml', TRUNCATED: 'truncated', OTHER: 'pod.yaml', PLAIN: 'plain' } as const;
  const TRY = ['--csi-address=unix:///nowhere'];

  test.each<[string, readonly string[], 1 | 2, RegExp]>([
    ['try', [...TRY, '--class=MISSING'], 1, /--class=\S+ cannot be read: ENOENT/],
    ['try', [...TRY, '--class=TRUNCATED'], 1, /--class=\S+ is no YAML: unexpected end of the stream/],
    ['try', [...TRY, '--class=OTHER'], 1, /--class=\S+ holds Pod: it may hold one StorageClass/],
    ['try', [...TRY, '--report=PLAIN/report'], 1, /--report=\S+ cannot be made: /],
    ['try', ['--driver-command=exit 3'], 1, /--driver-command ended \(exit code 3\)/],
    ['install-crds', ['--crds=MISSING'], 1, /volumesnapshotclasses.yaml cannot be read: ENOENT/],
    ['completion', ['bsh'], 2, /"bsh" is none of bash, zsh, fish/],
    ['completion', [], 2, /which one\? Write completion SHELL/],
    ['doctor', ['--stuck-after=soon'], 2, /--stuck-after="soon": not a duration, write a number with a unit/],
    ['doctor', ['extra'], 2, /"extra" is no flag: doctor takes flags only/],
    ['audit', ['--older-than=-1h'], 2, /--older-than="-1h": must be at least 0s/],
    ['audit', [], 2, /name the driver: --csi-address=unix:/],
    ['import', ['--deletion-policy=Keep'], 2, /--deletion-policy="Keep": must be one of "Retain", "Delete"/],
    ['lineage', ['--format=pdf'], 2, /--format="pdf": must be one of/],
    ['release', [], 2, /--driver is missing/],
    ['node-driver-registrar', [], 2, /--kubelet-registration-path is missing/],
  ])('%s %s', async (name, words, code, line) => {
    file(FILES.OTHER, 'apiVersion: v1\nkind: Pod\n');
    const named = words.map((word) =>
      word.replace(/MISSING|TRUNCATED|OTHER|PLAIN/, (what) => join(dir, FILES[what as keyof typeof FILES])),
    );
    const { code: ended, out, err } = await ask(name, named);
    expect({ ended, out }).toEqual({ ended: code, out: [] });
    expect(err[0]).toMatch(line);
    // A usage error is followed by an example.
    expect(err.length).toBeLessThanOrEqual(code);
  });
});
