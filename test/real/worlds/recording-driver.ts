/**
 * CSI drivers of few words for comparisons, many in one process: they keep nothing, say what a class tells them to say, and record
 * every request as it came, secrets and all. They load `proto/csi.proto` at run time and share nothing with lib/csi. They have
 * a process of their own because the Go program ends when its driver is slow to shake hands, and a busy test would be.
 *
 *     recording-driver FILE      # JSON: a list of DriverSpec
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceClientConstructor, UntypedServiceImplementation } from '@grpc/grpc-js';
import { loadPackageDefinition, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { repositoryRoot } from '../../../harness/repository.ts';

export interface Topology {
  readonly segments?: Readonly<Record<string, string>>;
}

export interface CreateVolumeRequest {
  readonly name: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly capacity_range?: { readonly required_bytes?: string };
  readonly volume_content_source?: object;
  readonly accessibility_requirements?: { readonly requisite?: readonly Topology[]; readonly preferred?: readonly Topology[] };
}

/** One of the drivers in the file that the process is given. */
export interface DriverSpec {
  readonly name: string;
  readonly plugin: readonly string[];
  readonly controller: readonly string[];
  readonly socket: string;
  /** Where its calls go, a line of JSON for each. */
  readonly record: string;
  /** What handles of its volumes look like: NAME stands for the name of the volume. Absent: `id-of-NAME`. */
  readonly handle?: string;
  /** A file with the answers to GetCapacity: by segment, as `segmentText` writes it. Read at every call. */
  readonly rooms?: string;
}

export interface Recorded {
  readonly rpc: string;
  readonly request: object;
}

/** Keys sorted. */
export function segmentText(segment: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(segment).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** The parameter of a class that says what becomes of its volumes. */
export const ANSWER = 'answer';
/** What a driver may answer to a CreateVolume. `plain`: as asked, in the place that is preferred. */
export const ANSWERS = [
  'plain',
  'everywhere',
  'nowhere',
  'no-segments',
  'larger',
  'no-size',
  'context',
  'exhausted',
  'internal',
  'invalid',
] as const;
export type Answer = (typeof ANSWERS)[number];

interface Refusal {
  readonly code: number;
  readonly details: string;
}

const REFUSALS: Partial<Record<Answer, Refusal>> = {
  exhausted: { code: status.RESOURCE_EXHAUSTED, details: 'no room is left' },
  internal: { code: status.INTERNAL, details: 'the array is in flames' },
  invalid: { code: status.INVALID_ARGUMENT, details: 'no such tier' },
};

function answerOf(request: CreateVolumeRequest, handle: string): Refusal | { readonly volume: object } {
  const answer = (request.parameters?.[ANSWER] ?? 'plain') as Answer;
  const refusal = REFUSALS[answer];
  if (refusal !== undefined) return refusal;
  const asked = Number(request.capacity_range?.required_bytes ?? '0');
  const preferred = request.accessibility_requirements?.preferred ?? [];
  const places: Partial<Record<Answer, readonly Topology[]>> = {
    everywhere: preferred,
    nowhere: [],
    'no-segments': [{}, ...preferred.slice(0, 1)],
  };
  return {
    volume: {
      volume_id: handle.replace('NAME', request.name),
      capacity_bytes: answer === 'no-size' ? 0 : answer === 'larger' ? Math.ceil((asked + 1) / 1e6) * 1e6 : asked,
      volume_context: answer === 'context' ? { 'storage.kubernetes.io/note': 'x', pool: 'p1' } : {},
      content_source: request.volume_content_source ?? null,
      accessible_topology: places[answer] ?? preferred.slice(0, 1),
    },
  };
}

type Services = Readonly<Record<string, ServiceClientConstructor>>;

function servicesOfCsi(): Services {
  const definition = loadSync(join(repositoryRoot(), 'proto/csi.proto'), { keepCase: true, longs: String, enums: String });
  return (loadPackageDefinition(definition) as unknown as { csi: { v1: Services } }).csi.v1;
}

function roomIn(file: string | undefined, request: object): object {
  if (file === undefined) return {};
  const { accessible_topology: place } = request as { accessible_topology?: Topology };
  const rooms = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, object>>;
  return rooms[segmentText(place?.segments ?? {})] ?? {};
}

async function serve(
  services: Services,
  { name, plugin, controller, socket, record, rooms, handle = 'id-of-NAME' }: DriverSpec,
): Promise<void> {
  const answers: Readonly<Record<string, (request: object) => object>> = {
    GetPluginInfo: () => ({ name, vendor_version: '1' }),
    Probe: () => ({ ready: { value: true } }),
    GetPluginCapabilities: () => ({ capabilities: plugin.map((type) => ({ service: { type } })) }),
    ControllerGetCapabilities: () => ({ capabilities: controller.map((type) => ({ rpc: { type } })) }),
    GetCapacity: (request) => roomIn(rooms, request),
    CreateVolume: (request) => answerOf(request as CreateVolumeRequest, handle),
    DeleteVolume: () => ({}),
  };
  const server = new Server();
  for (const service of ['Identity', 'Controller']) {
    const methods = services[service]?.service ?? {};
    const handlers: UntypedServiceImplementation = {};
    for (const [rpc, answer] of Object.entries(answers).filter(([method]) => method in methods)) {
      handlers[rpc] = (call: { request: object }, done: (error: Refusal | null, response?: object) => void) => {
        appendFileSync(record, `${JSON.stringify({ rpc, request: call.request } satisfies Recorded)}\n`);
        const response = answer(call.request);
        if ('code' in response) done(response as Refusal);
        else done(null, response);
      };
    }
    server.addService(methods, handlers);
  }
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error)));
  });
}

/** The process of `recording-driver`. */
export async function main(file: string): Promise<void> {
  const services = servicesOfCsi();
  for (const spec of JSON.parse(readFileSync(file, 'utf8')) as readonly DriverSpec[]) await serve(services, spec);
}
