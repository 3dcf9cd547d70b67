/**
 * The second socket: HTTP and JSON for whoever plays with the driver while it runs.
 *
 *     POST /faults   {"faults":[…]} as in a scenario file; added behind those in force
 *     GET /faults    rules in force, and how many calls each has matched
 *     DELETE /faults all rules go
 *     GET /ledger    what exists now
 *     GET /journal   the last calls, one JSON object a line
 */
import { renameSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Driver } from '../driver.ts';
import { readRules, ScenarioError } from '../faults/parse.ts';
import { ledgerJson } from '../ledger.ts';
import { requireFree } from './server.ts';

const MAX_BODY = 1 << 20;

export interface ControlOptions {
  readonly path: string;
  readonly driver: Driver;
  /** The last journal lines, oldest first. */
  journal(): readonly string[];
}

export async function serveControl(options: ControlOptions): Promise<{ stop(): Promise<void> }> {
  await requireFree(options.path);
  const server = createServer((request, response) => {
    answer(options, request).then(
      ({ status, body }) => send(response, status, body),
      (error: unknown) => send(response, 500, JSON.stringify({ error: String(error) })),
    );
  });
  const made = `${options.path}~`;
  rmSync(made, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(made, resolve);
  });
  renameSync(made, options.path);
  return {
    stop: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      rmSync(options.path, { force: true });
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function answer({ driver, journal }: ControlOptions, request: IncomingMessage): Promise<Answer> {
  const what = `${request.method} ${request.url}`;
  switch (what) {
    case 'POST /faults':
      return addFaults(driver, await bodyOf(request));
    case 'GET /faults':
      return { status: 200, body: JSON.stringify({ faults: driver.faults.list() }) };
    case 'DELETE /faults':
      driver.faults.clear();
      return { status: 200, body: JSON.stringify({ faults: [] }) };
    case 'GET /ledger':
      return { status: 200, body: ledgerJson(driver.ledger()) };
    case 'GET /journal':
      return { status: 200, body: journal().join('') };
    default:
      return {
        status: 404,
        body: JSON.stringify({ error: `${what} is unknown; try GET /faults, POST /faults, DELETE /faults, GET /ledger, GET /journal` }),
      };
  }
}

function addFaults(driver: Driver, body: string): Answer {
  try {
    const rules = readRules(JSON.parse(body));
    driver.faults.add(rules);
    return { status: 200, body: JSON.stringify({ faults: driver.faults.list() }) };
  } catch (error) {
    if (!(error instanceof ScenarioError) && !(error instanceof SyntaxError)) throw error;
    return { status: 400, body: JSON.stringify({ error: error.message }) };
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_BODY) request.destroy(new Error(`the body is larger than ${MAX_BODY} bytes`));
    else chunks.push(chunk);
  });
  await once(request, 'end');
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': body.startsWith('{') ? 'application/json' : 'application/x-ndjson' });
  response.end(body.endsWith('\n') ? body : `${body}\n`);
}
