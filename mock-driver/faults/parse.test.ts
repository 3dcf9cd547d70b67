import { describe, expect, test } from 'vitest';
import { parseScenario } from './parse.ts';

describe('a scenario', () => {
  test('in YAML or JSON becomes rules', () => {
    const yaml = `
faults:
  - rpc: CreateVolume
    name: pvc-*
    parameters: {tier: slow}
    calls: 2-3
    delay: 1.5s
    answerDelay: 200ms
    code: DEADLINE_EXCEEDED
    message: too slow
    effect: true
  - rpc: CreateSnapshot
    calls: 2-
    crash: during
    crashStep: 1
    notReady: 2m
    answer:
      set: {snapshot.size_bytes: "7"}
      drop: [snapshot.creation_time]
      huge: {snapshot.source_volume_id: 1Mi}
      invalidUtf8: [snapshot.snapshot_id]
`;
    const rules = [
      {
        rpc: 'CreateVolume',
        name: 'pvc-*',
        parameters: { tier: 'slow' },
        calls: { from: 2, to: 3 },
        delayMs: 1500,
        answerDelayMs: 200,
        code: 'DEADLINE_EXCEEDED',
        message: 'too slow',
        effect: true,
      },
      {
        rpc: 'CreateSnapshot',
        calls: { from: 2, to: Number.MAX_SAFE_INTEGER },
        crash: 'during',
        crashStep: 1,
        notReadyMs: 120_000,
        answer: {
          set: { 'snapshot.size_bytes': '7' },
          drop: ['snapshot.creation_time'],
          huge: { 'snapshot.source_volume_id': 1 << 20 },
          invalidUtf8: ['snapshot.snapshot_id'],
        },
      },
    ];
    expect(parseScenario(yaml, 'f')).toEqual(rules);
    expect(parseScenario('{"faults":[{"rpc":"*","calls":1}]}', 'f')).toEqual([{ rpc: '*', calls: { from: 1, to: 1 } }]);
  });

  test.each([
    ['faults:\n  - rpc: [Create', 'f.yaml, line 3, column 1: unexpected end'],
    ['', 'f.yaml: the document must be an object with faults'],
    ['rules: []', 'f.yaml: the document.rules is unknown; '],
    ['faults: {}', 'f.yaml: faults must be a list of rules'],
    ['faults: [{}]', 'f.yaml: faults[0].rpc is missing; name an RPC'],
    ['faults: [{rcp: Probe}]', 'f.yaml: faults[0].rcp is unknown; did you mean rpc? known are rpc, name, parameters,'],
    ['faults: [{rpc: CreateVolumes}]', 'faults[0].rpc is "CreateVolumes"; did you mean CreateVolume? '],
    ['faults: [{rpc: Probe}, {rpc: Probe, code: UNAVAIABLE}]', 'faults[1].code is "UNAVAIABLE"; did you mean UNAVAILABLE? '],
    ['faults: [{rpc: Probe, delay: 5}]', 'faults[0].delay must be a duration such as 200ms, 1.5s or 2m'],
    ['faults: [{rpc: Probe, parameters: {tier: 1}}]', 'faults[0].parameters.tier must be text'],
    ['faults: [{rpc: Probe, parameters: [tier]}]', 'faults[0].parameters must map names to text'],
    ['faults: [{rpc: Probe, calls: 0}]', 'faults[0].calls must be a call number such as 1, a range such as 2-5'],
    ['faults: [{rpc: Probe, crash: sometimes}]', 'faults[0].crash is "sometimes"; known are before, during, after, answered'],
    ['faults: [{rpc: Probe, effect: true}]', 'faults[0].effect says what happens beside a code'],
    ['faults: [{rpc: Probe, effect: "yes"}]', 'faults[0].effect must be true or false'],
    ['faults: [{rpc: Probe, code: OK}]', 'faults[0].code OK is what is answered without a rule'],
    ['faults: [{rpc: Probe, answer: {sets: {}}}]', 'faults[0].answer.sets is unknown; did you mean set? '],
    ['faults: [{rpc: Probe, answer: {huge: {name: 1Pi}}}]', 'faults[0].answer.huge.name must be a size such as'],
    ['faults: [{rpc: Probe, answer: {huge: {name: 1Gi}}}]', 'faults[0].answer.huge.name must be at most 64Mi'],
    ['faults: [{rpc: Probe, request: {huge: {}}}]', 'faults[0].request.huge is unknown; known are set, drop'],
    ['faults: [{rpc: Probe, answer: {drop: ready}}]', 'faults[0].answer.drop must be a list of field paths'],
  ])('%j is refused by its place', (text, message) => {
    expect(() => parseScenario(text, 'f.yaml')).toThrow(message);
  });
});
