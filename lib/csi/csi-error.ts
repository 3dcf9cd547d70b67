/** The one error of a CSI driver, made at the connection. The message holds no secret. */
export class CsiError extends Error {
  readonly code = 'CSI_ERROR';
  /** RPC name without its service: `CreateVolume`. */
  readonly rpc: string;
  /** gRPC status, 0 to 16; undefined when the failure was not a gRPC status (a bad answer, a broken codec). */
  readonly grpcCode: number | undefined;

  constructor(init: { readonly rpc: string; readonly grpcCode: number | undefined; readonly message: string; readonly cause?: unknown }) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'CsiError';
    this.rpc = init.rpc;
    this.grpcCode = init.grpcCode;
  }
}
