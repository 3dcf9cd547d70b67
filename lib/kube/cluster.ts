/** The API server as a kubeconfig or a service account names it. How it is found: kubeconfig.ts. */
import type { Doors } from '../doors/doors.ts';
import type { HttpTarget } from '../doors/http.ts';
import type { Credentials } from './credentials.ts';

export interface Cluster {
  readonly target: HttpTarget;
  readonly credentials: Credentials;
  /** Of the context, or of the service account. */
  readonly namespace?: string;
}

/** What is needed to find it. */
export type ClusterDoors = Pick<Doors, 'files' | 'clock' | 'host'>;
