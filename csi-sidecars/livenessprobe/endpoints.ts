/** Which addresses serve what. `--http-endpoint` serves both; else health has a port, and metrics an address where one is given. */
import { ConfigError } from '../../lib/errors/config-error.ts';

export const DEFAULT_HEALTH_PORT = '9808';

export interface EndpointOptions {
  readonly healthPort: string;
  readonly httpEndpoint: string;
  readonly metricsAddress: string;
}

export interface Endpoint {
  readonly address: string;
  /** The flag that named it. */
  readonly flag: string;
  readonly health: boolean;
  readonly metrics: boolean;
}

/** Throws ConfigError for flags that exclude each other. */
export function endpointsOf({ healthPort, httpEndpoint, metricsAddress }: EndpointOptions): readonly Endpoint[] {
  if (httpEndpoint === '') {
    const health = { address: `0.0.0.0:${healthPort}`, flag: 'health-port', health: true, metrics: false };
    const metrics = { address: metricsAddress, flag: 'metrics-address', health: false, metrics: true };
    return metricsAddress === '' ? [health] : [health, metrics];
  }
  const others = [
    ...(healthPort === DEFAULT_HEALTH_PORT ? [] : ['--health-port']),
    ...(metricsAddress === '' ? [] : ['--metrics-address']),
  ];
  if (others.length > 0)
    throw new ConfigError(`--http-endpoint serves health and metrics: leave ${others.join(' and ')} out, or --http-endpoint`, {
      exitCode: 2,
    });
  return [{ address: httpEndpoint, flag: 'http-endpoint', health: true, metrics: true }];
}
