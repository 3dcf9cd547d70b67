/** What every check is given: the lists, the time, what is asked for, and the few live questions that lists cannot answer. */
import type { Crd } from '../install-crds/crd.ts';
import type { CheckResult } from './finding.ts';
import type { Survey } from './survey.ts';

export interface Rights {
  /** May this account do that? Undefined: the server does not say. */
  readonly mayDo: (question: AccessQuestion) => Promise<boolean | undefined>;
}

export interface AccessQuestion {
  /** `system:serviceaccount:NAMESPACE:NAME`. */
  readonly user: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verb: string;
  /** Undefined: of any name. */
  readonly name?: string;
  /** Undefined: in all namespaces. */
  readonly namespace?: string;
}

export interface Case extends Rights {
  readonly survey: Survey;
  readonly nowMs: number;
  /** What waits for longer is stuck. */
  readonly stuckAfterMs: number;
  /** Only this driver; undefined: all. */
  readonly driver: string | undefined;
  /** This release's. */
  readonly crds: readonly Crd[];
  /** True, false, or undefined where we may not look. The content stays with the server. */
  readonly hasSecret: (secret: { readonly name: string; readonly namespace: string }) => Promise<boolean | undefined>;
  /** The newest Warning about the object, its reason in front; undefined where there is none, or none that we may see. */
  readonly warningAbout: (object: { readonly uid?: string; readonly namespace?: string }) => Promise<string | undefined>;
}

export interface Check {
  readonly name: string;
  readonly run: (given: Case) => CheckResult | Promise<CheckResult>;
}

/** Is the driver of concern? */
export function isAsked({ driver }: Pick<Case, 'driver'>, name: string | undefined): boolean {
  return driver === undefined || driver === name;
}
