/** Every check, in the order in which its findings are told: causes before what follows from them. */
import type { Check } from './check.ts';
import { CAPACITY } from './checks/capacity.ts';
import { CLASSES } from './checks/classes.ts';
import { CRDS } from './checks/crds.ts';
import { CSINODES } from './checks/csinodes.ts';
import { DRIVERS } from './checks/drivers.ts';
import { JOURNAL } from './checks/journal.ts';
import { LEASES_CHECK } from './checks/leases.ts';
import { RBAC } from './checks/rbac.ts';
import { SECRETS } from './checks/secrets.ts';
import { SIDECARS } from './checks/sidecars.ts';
import { STUCK } from './checks/stuck.ts';

export const CHECKS: readonly Check[] = [CRDS, DRIVERS, CLASSES, SECRETS, CSINODES, SIDECARS, RBAC, LEASES_CHECK, JOURNAL, CAPACITY, STUCK];
