import { expect, test } from 'vitest';
import { readArguments } from './test-arguments.mjs';

const FILES = [
  'lib/controller/queue.test.ts',
  'demo/screen.test.ts',
  'test/architecture.test.ts',
  'test/simulation/simulation.test.ts',
  'test/component/demo.test.ts',
  'test/conformance/sandbox.test.ts',
  'test/conformance/real.test.ts',
  'test/node/main-job.test.ts',
];
const read = (...words) => readArguments(words, FILES);

test('without words every layer is run, whole', () => {
  expect(read()).toEqual({ layers: ['pure', 'simulation', 'component', 'real', 'node'], files: [], name: undefined, unasked: ['node'] });
});

test('layers that are asked for run in their own order', () => {
  expect(read('--layer=component,pure').layers).toEqual(['pure', 'component']);
  expect(read('--layer=real', '--layer=simulation').layers).toEqual(['simulation', 'real']);
});

test('a file runs only in the layer that has it', () => {
  expect(read('lib/controller/queue.test.ts').layers).toEqual(['pure']);
  expect(read('./test/architecture.test.ts')).toMatchObject({ layers: ['pure'], files: ['test/architecture.test.ts'] });
  expect(read('test/conformance/real.test.ts').layers).toEqual(['real']);
});

test('a folder is that folder alone, although other paths have its name in them', () => {
  expect(read('demo')).toMatchObject({ layers: ['pure'], files: ['demo/screen.test.ts'] });
  expect(read('./demo/').files).toEqual(['demo/screen.test.ts']);
  expect(read('--layer=component', 'demo').files).toEqual(['test/component/demo.test.ts']);
  expect(read('queue', 'test/architecture.test.ts', 'queue').files).toEqual(['lib/controller/queue.test.ts', 'test/architecture.test.ts']);
});

test('a part of a path runs in every layer that has a file like it', () => {
  expect(read('test/conformance').layers).toEqual(['component', 'real']);
  expect(read('--layer=component', 'test/conformance').layers).toEqual(['component']);
});

test('the name of a test is handed on, with its spaces and dashes', () => {
  expect(read('queue', '-t', 'a key - once')).toEqual({
    layers: ['pure'],
    files: ['lib/controller/queue.test.ts'],
    name: 'a key - once',
    unasked: [],
  });
});

test('the node layer is made ready where it is asked for, by its name or a file', () => {
  expect(read('--layer=node')).toMatchObject({ layers: ['node'], unasked: [] });
  expect(read('test/node')).toMatchObject({ layers: ['node'], unasked: [] });
});

test('a file that no chosen layer has is a fault', () => {
  expect(read('nothing').fault).toBe('no test file of pure, simulation, component, real, node has "nothing" in its path');
  expect(read('--layer=pure', 'test/component/demo.test.ts').fault).toContain('no test file of pure has');
  expect(read('queue', 'nothing').fault).toContain('"nothing"');
});

test('what nobody understands is a fault', () => {
  expect(read('--watch').fault).toBe('unknown argument --watch');
  expect(read('--layer=pure,big').fault).toBe('unknown layer "big"');
  expect(read('queue', '-t').fault).toContain('-t needs the name');
  expect(read('-t', 'a key').fault).toContain('-t needs a FILE');
});
