/** The process of the recording drivers: started for some of them at once, and asked what they were called for. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtProgram } from '../../../harness/mock-driver.ts';
import type { Program, Stage } from '../../../harness/stage.ts';
import { eventually } from '../../../harness/wait.ts';
import type { DriverSpec, Recorded } from './recording-driver.ts';

export type NewDriver = Omit<DriverSpec, 'socket' | 'record'>;

export interface RecordingDrivers {
  /** `unix:///…` */
  addressOf(name: string): string;
  callsOf(name: string): readonly Recorded[];
  readonly program: Program;
}

export async function startRecordingDrivers(stage: Stage, drivers: readonly NewDriver[]): Promise<RecordingDrivers> {
  const socketOf = (name: string): string => join(stage.dir, `${name}.sock`);
  const recordOf = (name: string): string => join(stage.dir, `${name}.calls`);
  const file = join(stage.dir, `drivers-${drivers[0]?.name ?? 'none'}.json`);
  const specs = drivers.map((driver): DriverSpec => ({ ...driver, socket: socketOf(driver.name), record: recordOf(driver.name) }));
  writeFileSync(file, JSON.stringify(specs));
  const program = stage.start({
    name: 'recording-driver',
    file: process.execPath,
    args: [builtProgram('recording-driver'), file],
    disposable: true,
  });
  for (const { socket } of specs) await eventually(socket, () => (existsSync(socket) ? true : undefined), { signal: stage.broken });
  return {
    program,
    addressOf: (name) => `unix://${socketOf(name)}`,
    callsOf: (name) => {
      if (!existsSync(recordOf(name))) return [];
      const lines = readFileSync(recordOf(name), 'utf8').split('\n');
      return lines.filter((line) => line.endsWith('}')).map((line) => JSON.parse(line) as Recorded);
    },
  };
}
