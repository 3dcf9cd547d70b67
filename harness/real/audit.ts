import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** One answered API call as kube-apiserver's audit log has it. */
export interface AuditCall {
  readonly user: string;
  /** The program: the user agent up to its first slash. */
  readonly agent: string;
  readonly verb: string;
  /** API group; empty for core, and for non-resource paths. */
  readonly group: string;
  /** With the subresource: `volumesnapshots/status`. Empty for non-resource paths. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly code: number;
  readonly path: string;
  readonly at: string;
  /** Of what was written, as JSON. Kept of Leases alone, whose sizes are promised; else 0. */
  readonly bodyBytes: number;
}

interface AuditEvent {
  readonly stage?: string;
  readonly verb?: string;
  readonly requestURI?: string;
  readonly userAgent?: string;
  readonly user?: { readonly username?: string };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp?: string;
  readonly requestObject?: object;
}

/** Level Metadata for all but Leases, one entry per answer; a refused watch counts like any other call. */
export const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [
    { level: 'None', nonResourceURLs: ['/healthz*', '/readyz*', '/livez*', '/version', '/openapi*'] },
    { level: 'Request', resources: [{ group: 'coordination.k8s.io', resources: ['leases'] }] },
    { level: 'Metadata' },
  ],
};

/** Every call of the log from that byte on, where a line begins, in its order. The log backend writes before it answers, so nothing is missing. */
export function readAudit(file: string, fromByte: number): AuditCall[] {
  const calls: AuditCall[] = [];
  for (const line of textFrom(file, fromByte).split('\n')) {
    if (!line.endsWith('}')) continue;
    const event = JSON.parse(line) as AuditEvent;
    if (event.stage !== 'ResponseComplete') continue;
    const { apiGroup: group = '', resource = '', subresource, namespace = '', name = '' } = event.objectRef ?? {};
    calls.push({
      user: event.user?.username ?? '',
      agent: (event.userAgent ?? '').split('/')[0] ?? '',
      verb: event.verb ?? '',
      group,
      resource: subresource === undefined ? resource : `${resource}/${subresource}`,
      namespace,
      name,
      code: event.responseStatus?.code ?? 0,
      path: event.requestURI ?? '',
      at: event.requestReceivedTimestamp ?? '',
      bodyBytes: event.requestObject === undefined ? 0 : Buffer.byteLength(JSON.stringify(event.requestObject)),
    });
  }
  return calls;
}

function textFrom(file: string, fromByte: number): string {
  const descriptor = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(descriptor).size - fromByte));
    return bytes.toString('utf8', 0, readSync(descriptor, bytes, 0, bytes.length, fromByte));
  } finally {
    closeSync(descriptor);
  }
}
