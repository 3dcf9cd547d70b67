import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withLibraries } from './libraries.ts';
import { imagesProblem } from './testing/machine.ts';

let here = '';

beforeAll(() => void (here = mkdtempSync(join(tmpdir(), 'csi-libraries-'))));
afterAll(() => rmSync(here, { recursive: true }));

describe.skipIf(imagesProblem !== undefined)('programs with their libraries', () => {
  test('have those that the dynamic linker finds, where it finds them', () => {
    const files = withLibraries({ '/node': process.execPath });
    expect(files['/node']).toBe(process.execPath);
    expect(Object.keys(files)).toContainEqual(expect.stringMatching(/\/libc\.so\.6$/));
  });

  test('have none that are static: the dynamic linker has no say in them', () => {
    const program = join(here, 'static');
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
    expect(withLibraries({ '/static': program })).toEqual({ '/static': program });
  });

  test('are an error where one is not there', () => {
    expect(() => withLibraries({ '/gone': join(here, 'gone') })).toThrow(/No such file/);
  });
});
