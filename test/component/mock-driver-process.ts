/** The mock driver as a process, with typed calls over its socket; it may be killed and started again. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Client as GrpcClient, credentials } from '@grpc/grpc-js';
import { type Client, clientOver, type Handle } from '../../mock-driver/workbench.ts';
import { builtProgram } from '../../harness/mock-driver.ts';
import type { Program, Stage } from '../../harness/stage.ts';
import { eventually } from '../../harness/wait.ts';

export interface DriverProcess {
  readonly program: Program;
  readonly client: Client;
  readonly socket: string;
  readonly stateDir: string;
  readonly control: string;
}

export interface ProcessSpec {
  readonly nodeId?: string;
  readonly stateDir?: string;
  readonly args?: readonly string[];
}

/** Calls over a unix socket. UNAVAILABLE (14) is what a process that dies answers. */
export function socketHandle(stage: Stage, path: string): Handle {
  const client = new GrpcClient(`unix://${path}`, credentials.createInsecure(), {
    'grpc.enable_retries': 0,
    'grpc.max_receive_message_length': -1,
    'grpc.use_local_subchannel_pool': 1,
  });
  stage.defer(() => client.close());
  const same = (bytes: Buffer): Buffer => bytes;
  return (method, request) =>
    new Promise((resolve) => {
      client.makeUnaryRequest(method, same, same, Buffer.from(request), (error, response) => {
        if (error === null) resolve({ code: 0, message: '', response: response ?? Buffer.alloc(0) });
        else resolve({ code: error.code, message: error.details, response: new Uint8Array() });
      });
    });
}

/** Flags of a driver on this stage; the node names its socket, so several fit beside each other. */
export function driverArgs(
  stage: Stage,
  { nodeId = 'node-a', stateDir = join(stage.dir, 'state'), args = [] }: ProcessSpec = {},
): string[] {
  return [
    builtProgram('mock-driver'),
    `--endpoint=unix://${join(stage.dir, `${nodeId}.sock`)}`,
    `--control=unix://${join(stage.dir, `${nodeId}.control`)}`,
    `--state-dir=${stateDir}`,
    `--node-id=${nodeId}`,
    '--publish=symlink',
    ...args,
  ];
}

/** Starts a driver whose end is part of the test and waits until its socket exists: then it must serve. */
export async function startDriverProcess(stage: Stage, spec: ProcessSpec = {}): Promise<DriverProcess> {
  const { nodeId = 'node-a', stateDir = join(stage.dir, 'state') } = spec;
  const socket = join(stage.dir, `${nodeId}.sock`);
  const before = existsSync(socket);
  const program = stage.start({ name: `driver-${nodeId}`, file: process.execPath, args: driverArgs(stage, spec), mayEnd: true });
  const serves = (): true | undefined => {
    if (!program.running()) throw new Error(program.log());
    return program.log().includes(' serves node ') ? true : undefined;
  };
  // A socket that was left over exists before the driver serves: then its word is what counts.
  await eventually('the socket of the driver', before ? serves : () => (existsSync(socket) ? true : serves()), {
    signal: AbortSignal.any([ended(program)]),
  });
  return { program, client: clientOver(socketHandle(stage, socket)), socket, stateDir, control: join(stage.dir, `${nodeId}.control`) };
}

function ended(program: Program): AbortSignal {
  const controller = new AbortController();
  void program.ended.then(() => controller.abort(new Error(program.log())));
  return controller.signal;
}
