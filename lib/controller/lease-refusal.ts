/**
 * A lease that the server will not give however often it is asked: what is wrong, and who can mend it. Such an
 * election looks like that of a stand-by from outside, so it has to be told.
 */
import { ApiError } from '../kube/api-error.ts';
import type { LeaseClaim } from './lease-record.ts';

/** The remedy for a refusal that asking again does not cure; undefined for any other failure. */
export function leaseRemedy(error: unknown, { name, namespace }: Pick<LeaseClaim, 'name' | 'namespace'>): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  switch (error.status) {
    case 403:
      return 'grant get, create and update on leases';
    case 404:
      return `create the namespace ${namespace}, or name another one by --leader-election-namespace`;
    case 400:
    case 422:
      return `mend ${fieldsOf(error)}: the lease ${name} in ${namespace} gets its name from the driver, its namespace from --leader-election-namespace and its labels from --leader-election-labels`;
    default:
      return undefined;
  }
}

/** The fields that the server names; some refusals only speak in their message. */
function fieldsOf({ causes }: ApiError): string {
  const fields = [...new Set(causes.flatMap(({ field }) => (field === undefined || field === '' ? [] : [field])))];
  return fields.length === 0 ? 'what the error names' : fields.join(', ');
}
