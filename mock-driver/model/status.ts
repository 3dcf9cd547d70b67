/** The gRPC status codes by name, and the one way the model says no. */

export const CODES = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type CodeName = keyof typeof CODES;

/** `NOT_FOUND` for 5, and the bare number for what gRPC does not know. */
export function codeName(code: number): string {
  for (const [name, value] of Object.entries(CODES)) if (value === code) return name;
  return String(code);
}

/** An RPC that is answered with a status other than OK. Thrown by the model, turned into an answer by the driver. */
export class Refusal extends Error {
  readonly code: CodeName;
  constructor(code: CodeName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Refusal';
    this.code = code;
  }
}
