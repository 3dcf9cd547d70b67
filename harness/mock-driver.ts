import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type DriverControl, openDriverControl } from './driver-control.ts';
import { repositoryRoot } from './repository.ts';
import type { Program, Stage } from './stage.ts';
import { eventually } from './wait.ts';

export interface DriverLedger {
  readonly volumes: readonly {
    readonly id: string;
    readonly name: string;
    readonly source?: { readonly kind: string; readonly id: string };
  }[];
  readonly snapshots: readonly { readonly id: string; readonly name: string; readonly sourceVolumeId: string }[];
  readonly groups: readonly { readonly id: string }[];
}

const DRIVER_NAME = 'mock.csi.example';

export interface DriverSpec {
  readonly driverName?: string;
  readonly nodeId?: string;
  /** Further flags of the mock driver. */
  readonly args?: readonly string[];
}

export interface MockDriver {
  readonly name: string;
  /** `unix:///…`, as the sidecars take it. */
  readonly address: string;
  readonly stateDir: string;
  readonly program: Program;
  /** What exists now, read from the state on disk by a process of its own. */
  ledger(): Promise<DriverLedger>;
}

/** Where the built programs are. `npm test` builds them first. */
export function builtProgram(name: string): string {
  const file = join(repositoryRoot(), 'dist', `${name}.mjs`);
  if (!existsSync(file)) throw new Error(`dist/${name}.mjs is missing: run \`npm run build\` first`);
  return file;
}

/** Starts dist/mock-driver.mjs on the stage and waits until its socket is there, which means that it serves. */
export async function startMockDriver(stage: Stage, spec: DriverSpec = {}): Promise<MockDriver> {
  const { driverName = DRIVER_NAME, nodeId = 'node-a', args = [] } = spec;
  const socket = join(stage.dir, `${driverName}-${nodeId}.sock`);
  const stateDir = join(stage.dir, `state-${driverName}`);
  const program = stage.start({
    name: `mock-driver-${nodeId}`,
    file: process.execPath,
    args: [
      builtProgram('mock-driver'),
      `--endpoint=unix://${socket}`,
      `--state-dir=${stateDir}`,
      `--node-id=${nodeId}`,
      `--driver-name=${driverName}`,
      ...args,
    ],
  });
  await eventually('the socket of the mock driver', () => (existsSync(socket) ? true : undefined), { signal: stage.broken });
  return {
    name: driverName,
    address: `unix://${socket}`,
    stateDir,
    program,
    ledger: async () => {
      const told = await stage.run({
        name: 'ledger',
        file: process.execPath,
        args: [builtProgram('mock-driver'), 'ledger', `--state-dir=${stateDir}`, '--json'],
      });
      if (told.code !== 0) throw new Error(`mock-driver ledger: ${told.stderr}`);
      return JSON.parse(lastLine(told.stdout)) as DriverLedger;
    },
  };
}

export interface SteeredDriver {
  readonly driver: MockDriver;
  readonly control: DriverControl;
}

/** A mock driver whose faults are set while it runs. */
export async function startSteeredDriver(stage: Stage, { args = [], ...spec }: DriverSpec = {}): Promise<SteeredDriver> {
  const socket = join(stage.dir, `control-${spec.driverName ?? DRIVER_NAME}.sock`);
  const driver = await startMockDriver(stage, { ...spec, args: [`--control=unix://${socket}`, ...args] });
  return { driver, control: openDriverControl(socket) };
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}
