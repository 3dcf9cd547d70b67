/**
 * `csi-sidecars livenessprobe`: tells the kubelet whether the driver beside it lives, as the sidecar of that name does, whose
 * flags it takes: every GET of /healthz is a Probe of the driver. It runs until it is told to stop.
 */
import { ConfigError } from '../../lib/errors/config-error.ts';
import { errorText } from '../../lib/errors/error-text.ts';
import type { HttpAnswer, HttpRequest } from '../../lib/doors/http.ts';
import type { Listener } from '../../lib/doors/host.ts';
import type { Flag } from '../../lib/process/flag.ts';
import { metricsAnswer, pathOf, textAnswer } from '../../lib/process/http-answers.ts';
import { createCsiMetrics } from '../../lib/process/metric-families.ts';
import { createMetrics } from '../../lib/process/metrics.ts';
import { awaitDriverName } from '../driver/driver-name.ts';
import { untilTold } from '../frame/until-told.ts';
import { defineVerb } from '../frame/verb.ts';
import { DEFAULT_HEALTH_PORT, type Endpoint, endpointsOf } from './endpoints.ts';
import { probe } from './probe.ts';

const FLAGS = [
  { name: 'csi-address', type: 'string', default: '/run/csi/socket', help: "The driver's socket.", origin: 'peer' },
  {
    name: 'health-port',
    type: 'string',
    default: DEFAULT_HEALTH_PORT,
    help: 'Port on which /healthz is served, on all addresses. Not beside --http-endpoint.',
    origin: 'peer',
  },
  { name: 'probe-timeout', type: 'duration', default: '1s', help: 'Time limit of every look at the driver.', origin: 'peer', min: 1 },
  {
    name: 'metrics-address',
    type: 'string',
    default: '',
    help: 'Address on which metrics are served; none: they are not. Not beside --http-endpoint.',
    origin: 'peer',
  },
  {
    name: 'http-endpoint',
    type: 'string',
    default: '',
    help: 'Address on which /healthz and metrics are served: host:port or :port.',
    origin: 'peer',
  },
  { name: 'metrics-path', type: 'string', default: '/metrics', help: 'Path of the metrics.', origin: 'peer' },
  { name: 'v', letter: 'v', type: 'int', default: '0', help: 'Taken, and without effect.', origin: 'peer' },
] as const satisfies readonly Flag[];

export const LIVENESSPROBE = defineVerb({
  name: 'livenessprobe',
  about: 'tells the kubelet of its node whether the driver lives; runs beside it',
  example: 'csi-sidecars livenessprobe --csi-address=/csi/csi.sock --health-port=9808',
  schemaVersion: 1,
  flags: FLAGS,
  run: async (input) => {
    const { doors, options, screen, signal } = input;
    const { csiAddress, probeTimeoutMs: timeoutMs, metricsPath } = options;
    const endpoints = endpointsOf(options);
    const driver = await awaitDriverName(input, { csiAddress, timeoutMs });
    const metrics = createMetrics(doors.host);
    const observeCall = createCsiMetrics(metrics);
    let said = '';
    const health = async (): Promise<HttpAnswer> => {
      const answer = await probe(doors, { csiAddress, timeoutMs, observe: (call) => observeCall({ ...call, driverName: driver }) }, signal);
      const text = new TextDecoder().decode(answer.body);
      // Kubelet asks every few seconds: only what is new is news.
      if (text !== said) screen.err(`driver ${driver}: ${text}`);
      said = text;
      return answer;
    };
    const answerFor = (endpoint: Endpoint) => async (request: HttpRequest) => {
      if (request.method !== 'GET') return textAnswer(405, 'only GET');
      const path = pathOf(request.path);
      if (endpoint.health && path === '/healthz') return health();
      return endpoint.metrics && path === metricsPath ? metricsAnswer(metrics) : textAnswer(404, 'not found');
    };
    const listeners: Listener[] = [];
    try {
      for (const endpoint of endpoints) {
        const { address, flag } = endpoint;
        const listener = await doors.host.listen(address, answerFor(endpoint)).catch((error: unknown) => {
          throw new ConfigError(`--${flag}: cannot listen on ${address} (${errorText(error)})`, { cause: error });
        });
        listeners.push(listener);
        screen.err(`driver ${driver} is looked at on port ${listener.port}`);
      }
      await untilTold(signal);
    } finally {
      for (const listener of listeners) await listener.close();
    }
    return { found: false, json: { driver }, lines: () => [] };
  },
});
