import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeKubeconfig } from './kubeconfig.ts';

test('who reads a kubeconfig while it is written anew reads the one before', () => {
  const dir = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
  const file = writeKubeconfig(join(dir, 'kubeconfig'), { server: 'https://first.example' });
  const open = openSync(file, 'r');
  try {
    writeKubeconfig(file, { server: 'https://second.example' });
    expect(readFileSync(open, 'utf8')).toContain('first.example');
    expect(readFileSync(file, 'utf8')).toContain('second.example');
  } finally {
    closeSync(open);
    rmSync(dir, { recursive: true });
  }
});
