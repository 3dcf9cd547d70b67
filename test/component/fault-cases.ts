/** Faults that any of the four mutating RPCs may have, with what users read of each. */
import { CODES } from '../../mock-driver/model/status.ts';
import type { ScenarioRule } from '../../harness/driver-control.ts';

export interface FaultCase {
  readonly fault: string;
  readonly rule: Omit<ScenarioRule, 'rpc'>;
  /** What users read meanwhile. */
  readonly told: RegExp;
}

const ON_FIRE = { code: 'INTERNAL', message: 'the array is on fire' };

export const ANY_RPC: readonly FaultCase[] = [
  { fault: 'a code without an effect', rule: ON_FIRE, told: /code = Internal desc = the array is on fire/ },
  { fault: 'no room', rule: { code: 'RESOURCE_EXHAUSTED' }, told: /code = ResourceExhausted/ },
  { fault: 'an effect, but DeadlineExceeded', rule: { code: 'DEADLINE_EXCEEDED', effect: true }, told: /code = DeadlineExceeded/ },
  { fault: 'an effect, but Unavailable', rule: { code: 'UNAVAILABLE', effect: true }, told: /code = Unavailable/ },
  {
    fault: 'an answer later than the limit',
    rule: { answerDelay: '3s' },
    told: /code = DeadlineExceeded desc = context deadline exceeded/,
  },
  { fault: 'an error message of 6 KiB', rule: { code: 'INTERNAL', message: 'x'.repeat(6 * 1024) }, told: /code = Internal desc = x{100}/ },
];

export const DELETE_CASES: readonly FaultCase[] = [
  ...ANY_RPC,
  { fault: 'a code that says never', rule: { code: 'INVALID_ARGUMENT' }, told: /code = InvalidArgument/ },
];

export const CRASHES = [
  { crash: 'before', moment: 'before anything is done' },
  { crash: 'after', moment: 'after the effect, without an answer' },
  { crash: 'answered', moment: 'once it has answered' },
] as const;

export const CODE_NAMES = Object.keys(CODES).filter((name) => name !== 'OK');
