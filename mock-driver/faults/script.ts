/** The rules in force and their counters. The first rule that matches a call gives its fault. */
import type { CallFacts, Fault, FaultRule } from './fault.ts';

export interface FaultScript {
  /** Adds rules behind those in force. Their counters start at zero. */
  add(rules: readonly FaultRule[]): void;
  clear(): void;
  list(): readonly { readonly rule: FaultRule; readonly matched: number }[];
  /** Counts the call for every rule it matches and answers the first one that is due. */
  next(call: CallFacts): Fault | undefined;
}

/** A rule in force with its counter. */
interface Entry {
  readonly rule: FaultRule;
  readonly name: RegExp;
  matched: number;
}

export function faultScript(): FaultScript {
  let entries: Entry[] = [];
  return {
    add: (rules) => {
      entries = [...entries, ...rules.map((rule) => ({ rule, name: glob(rule.name ?? '*'), matched: 0 }))];
    },
    clear: () => {
      entries = [];
    },
    list: () => entries.map(({ rule, matched }) => ({ rule, matched })),
    next: (call) => {
      let due: FaultRule | undefined;
      for (const entry of entries) {
        if (entry.rule.rpc !== '*' && entry.rule.rpc !== call.rpc) continue;
        if (!entry.name.test(call.subject)) continue;
        if (!Object.entries(entry.rule.parameters ?? {}).every(([key, value]) => call.parameters[key] === value)) continue;
        entry.matched += 1;
        const { calls } = entry.rule;
        if (calls !== undefined && (entry.matched < calls.from || entry.matched > calls.to)) continue;
        due ??= entry.rule;
      }
      return due;
    },
  };
}

/** `*` stands for any text; everything else is itself. */
function glob(pattern: string): RegExp {
  const escaped = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`, 's');
}
