/** How the report of Kubernetes' storage suite is counted. */
import { expect, test } from 'vitest';
import { readSuiteReport } from '../verify/node/suite.ts';

const spec = (name: string, State: string, message?: string, LeafNodeType = 'It') => ({
  ContainerHierarchyTexts: ['External Storage', 'a suite'],
  LeafNodeType,
  LeafNodeText: name,
  State,
  ...(message === undefined ? {} : { Failure: { Message: message } }),
});

test('what was filtered away is no skip, what ended otherwise than passed has failed, and a broken set-up counts', () => {
  const report = [
    {
      SpecReports: [
        spec('one', 'passed'),
        spec('two', 'failed', 'no volume'),
        spec('three', 'timedout'),
        spec('four', 'skipped', 'no inline volumes'),
        spec('five', 'skipped', 'no inline volumes'),
        spec('six', 'skipped'),
        spec('', 'failed', 'no cluster', 'SynchronizedBeforeSuite'),
        spec('', 'passed', undefined, 'SynchronizedBeforeSuite'),
      ],
    },
    { SpecReports: null },
  ];
  expect(readSuiteReport(JSON.stringify(report))).toEqual({
    passed: ['External Storage a suite one'],
    failed: [
      'External Storage a suite two: failed no volume',
      'External Storage a suite three: timedout ',
      'SynchronizedBeforeSuite: no cluster',
    ],
    skipped: { 'no inline volumes': 2 },
  });
});
