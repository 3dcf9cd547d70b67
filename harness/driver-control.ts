/** The control socket of a running mock driver: faults on demand, and what it was asked. */
import { request } from 'node:http';

/** As in a scenario file of the mock driver. */
export type ScenarioRule = Readonly<Record<string, unknown>> & { readonly rpc: string };

/** A line of the driver's journal. */
export interface DriverCall {
  /** RFC 3339 with milliseconds, when the call came. */
  readonly time: string;
  readonly rpc: string;
  readonly code: string;
  readonly request: Readonly<Record<string, unknown>>;
}

export interface DriverControl {
  /** From now on, until `heal`. */
  bend(faults: readonly ScenarioRule[]): Promise<void>;
  heal(): Promise<void>;
  /** The RPCs of rules in force that a call has come for. */
  met(): Promise<readonly string[]>;
  journal(): Promise<readonly DriverCall[]>;
}

export function openDriverControl(socketPath: string): DriverControl {
  const ask = async (method: string, path: string, body?: object): Promise<string> => {
    const { status, text } = await exchange(socketPath, { method, path, body: body === undefined ? '' : JSON.stringify(body) });
    if (status !== 200) throw new Error(`${method} ${path}: ${status} ${text}`);
    return text;
  };
  return {
    bend: async (faults) => {
      await ask('POST', '/faults', { faults });
    },
    heal: async () => {
      await ask('DELETE', '/faults');
    },
    met: async () => {
      const { faults } = JSON.parse(await ask('GET', '/faults')) as { faults: { rule: ScenarioRule; matched: number }[] };
      return faults.flatMap(({ rule, matched }) => (matched > 0 ? [rule.rpc] : []));
    },
    journal: async () =>
      (await ask('GET', '/journal'))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as DriverCall),
  };
}

function exchange(
  socketPath: string,
  { method, path, body }: { readonly method: string; readonly path: string; readonly body: string },
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method, path }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    call.on('error', reject);
    call.end(body);
  });
}
