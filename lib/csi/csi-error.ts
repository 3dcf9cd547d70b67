import { grpcCodeName } from './grpc-code.ts';

export interface CsiErrorInit {
  readonly rpc: string;
  readonly grpcCode: number | undefined;
  readonly message: string;
  readonly cause?: unknown;
}

/**
 * The one error of a CSI driver, made at the connection. Neither text holds a secret. `message` is what the
 * Go programs put into events and conditions: `rpc error: code = Internal desc = …`.
 */
export class CsiError extends Error {
  readonly code = 'CSI_ERROR';
  /** RPC name without its service: `CreateVolume`. */
  readonly rpc: string;
  /** gRPC status, 0 to 16; undefined when the failure was not a gRPC status (a bad answer, a broken codec). */
  readonly grpcCode: number | undefined;
  /** The driver's own words. */
  readonly detail: string;

  constructor({ rpc, grpcCode, message, cause }: CsiErrorInit) {
    super(
      grpcCode === undefined ? message : `rpc error: code = ${grpcCodeName(grpcCode)} desc = ${message}`,
      cause === undefined ? undefined : { cause },
    );
    this.name = 'CsiError';
    this.rpc = rpc;
    this.grpcCode = grpcCode;
    this.detail = message;
  }
}
