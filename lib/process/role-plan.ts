/** A role definition with its option type closed over, so that a program can hold several side by side. */
import type { Role } from '../controller/role.ts';
import type { Driver, DriverQuestion } from '../csi/capabilities.ts';
import type { FlagValues } from './flags.ts';
import type { OptionalKinds } from './served-versions.ts';
import type { FrameOptions, RoleDefinition, RoleInput } from './role-definition.ts';

export interface RolePlan
  extends Pick<
    RoleDefinition<unknown>,
    | 'name'
    | 'syntax'
    | 'flags'
    | 'needsDriver'
    | 'tookOver'
    | 'requiredResources'
    | 'lockName'
    | 'combinedLeaseNamespace'
    | 'kubeconfigOfEnvironmentFirst'
    | 'eventComponent'
  > {
  /** Options are read and judged here; throws ConfigError with every fault. */
  readonly prepare: (values: FlagValues, env: (name: string) => string | undefined) => PreparedRole;
}

export interface PreparedRole {
  readonly frame: FrameOptions;
  readonly optionalKinds: readonly OptionalKinds[];
  readonly asksDriver: readonly DriverQuestion[];
  readonly checkDriver: (driver: Driver) => string | undefined;
  readonly create: (input: Omit<RoleInput<unknown>, 'options'>) => Role;
}

export function planRole<O>(definition: RoleDefinition<O>): RolePlan {
  return {
    ...definition,
    prepare: (values, env) => {
      const options = definition.options(values, env);
      return {
        frame: definition.frame?.(options) ?? {},
        optionalKinds: definition.optionalKinds?.(options) ?? [],
        asksDriver: definition.asksDriver?.(options) ?? [],
        checkDriver: (driver) => definition.checkDriver?.(driver, options),
        create: (input) => definition.create({ ...input, options }),
      };
    },
  };
}
