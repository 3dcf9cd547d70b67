/** What each program asked the driver about each object, and what it heard: the answers that its decisions rest on. */
import type { RpcCall } from '../../lib/doors/rpc.ts';
import { CreateSnapshotRequest, CreateVolumeRequest, DeleteSnapshotRequest, DeleteVolumeRequest } from '../../proto/gen/csi.ts';

export type LoggedRpc = 'CreateVolume' | 'DeleteVolume' | 'CreateSnapshot' | 'DeleteSnapshot';

export interface LoggedCall {
  readonly program: string;
  readonly rpc: LoggedRpc;
  /** Name of what is made, id of what is deleted. */
  readonly subject: string;
  readonly atMs: number;
  /** Class parameters of a CreateVolume. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The driver's answer as it reached the program; undefined while it is awaited. */
  answer?: { readonly atMs: number; readonly code: number; readonly message: string };
  /** The program died meanwhile, or led no more when it heard the answer. */
  lost?: boolean;
}

interface Subject {
  readonly subject: string;
  readonly parameters?: Readonly<Record<string, string>>;
}

const SUBJECTS: Readonly<Record<LoggedRpc, (request: Uint8Array) => Subject>> = {
  CreateVolume: (request) => {
    const { name, parameters } = CreateVolumeRequest.decode(request);
    return { subject: name, parameters };
  },
  DeleteVolume: (request) => ({ subject: DeleteVolumeRequest.decode(request).volumeId }),
  CreateSnapshot: (request) => ({ subject: CreateSnapshotRequest.decode(request).name }),
  DeleteSnapshot: (request) => ({ subject: DeleteSnapshotRequest.decode(request).snapshotId }),
};

export class CallLog {
  readonly all: LoggedCall[] = [];
  /** Told of every call that is sent and every answer that arrives. */
  readonly listeners: ((call: LoggedCall) => void)[] = [];
  private readonly bySubject = new Map<string, LoggedCall[]>();
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  /**
   * The answer is to be called with what the program hears; `acts`: it may act on that. Undefined for a call that makes and deletes
   * nothing.
   */
  opened(
    program: string,
    { method, request }: RpcCall,
    acts: () => boolean,
  ): ((answer: { code: number; message: string }) => void) | undefined {
    const rpc = method.split('/').at(-1) ?? '';
    if (!isLogged(rpc)) return undefined;
    const call: LoggedCall = { program, rpc, parameters: {}, ...SUBJECTS[rpc](request), atMs: this.now() };
    this.all.push(call);
    const key = `${rpc} ${call.subject}`;
    const earlier = this.bySubject.get(key);
    if (earlier === undefined) this.bySubject.set(key, [call]);
    else earlier.push(call);
    this.tell(call);
    return ({ code, message }) => {
      if (acts()) call.answer = { atMs: this.now(), code, message };
      else call.lost = true;
      this.tell(call);
    };
  }

  died(program: string): void {
    for (const call of this.all) if (call.program === program && call.answer === undefined) call.lost = true;
  }

  /** In the order in which they were sent. */
  of(rpc: LoggedRpc, subject: string): readonly LoggedCall[] {
    return this.bySubject.get(`${rpc} ${subject}`) ?? [];
  }

  private tell(call: LoggedCall): void {
    for (const listener of this.listeners) listener(call);
  }
}

function isLogged(rpc: string): rpc is LoggedRpc {
  return Object.hasOwn(SUBJECTS, rpc);
}
