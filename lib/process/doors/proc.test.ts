import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readProc } from './proc.ts';

function folder(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'proc-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const name of ['fd', 'net']) mkdirSync(join(root, name));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
  return root;
}

test('files, memory and network are read from the files of Linux', () => {
  const root = folder({
    status: 'Name:\tnode\nVmPeak:\t  999 kB\nVmSize:\t 1024000 kB\n',
    limits:
      'Limit                     Soft Limit           Hard Limit           Units     \n' +
      'Max address space         unlimited            unlimited            bytes     \n' +
      'Max open files            1024                 524288               files     \n',
    'net/netstat': 'TcpExt: InOctets X\nTcpExt: 1 2\nIpExt: InNoRoutes InOctets OutOctets\nIpExt: 0 4711 42\n',
    'fd/0': '',
    'fd/1': '',
    'fd/2': '',
  });
  expect({ ...readProc(root) }).toEqual({
    virtualBytes: 1_048_576_000,
    virtualMaxBytes: Number.POSITIVE_INFINITY,
    openFiles: 2,
    maxFiles: 1024,
    receivedBytes: 4711,
    sentBytes: 42,
  });
});

test('nothing is known where there are no such files', () => {
  expect(Object.values(readProc('/no/such/folder'))).toEqual(Array(6).fill(undefined));
});
