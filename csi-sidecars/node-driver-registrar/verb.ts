/**
 * `csi-sidecars node-driver-registrar`: tells the kubelet of its node that there is a driver, as the sidecar of that name
 * does, whose flags it takes. It runs until it is told to stop, or until kubelet refuses the driver.
 */
import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../lib/errors/config-error.ts';
import type { Flag } from '../../lib/process/flag.ts';
import { awaitDriverName } from '../driver/driver-name.ts';
import { untilTold } from '../frame/until-told.ts';
import { defineVerb } from '../frame/verb.ts';
import type { RegistrationStatus } from './messages.ts';
import { serveRegistration } from './registration-server.ts';

const FLAGS = [
  {
    name: 'csi-address',
    type: 'string',
    default: '/run/csi/socket',
    help: "The driver's socket, as this process finds it.",
    origin: 'peer',
  },
  {
    name: 'kubelet-registration-path',
    type: 'string',
    default: '',
    help: "The driver's socket, as kubelet finds it on the node: /var/lib/kubelet/plugins/DRIVER/csi.sock",
    origin: 'peer',
  },
  {
    name: 'plugin-registration-path',
    type: 'string',
    default: '/registration',
    help: "Where kubelet's folder plugins_registry is mounted.",
    origin: 'peer',
  },
  { name: 'timeout', type: 'duration', default: '1s', help: 'Time limit of every call to the driver.', origin: 'peer', min: 1 },
  { name: 'v', letter: 'v', type: 'int', default: '0', help: 'Taken, and without effect.', origin: 'peer' },
] as const satisfies readonly Flag[];

/** What kubelet calls the interface of today's drivers. */
const CSI_VERSIONS = ['1.0.0'];

export const NODE_DRIVER_REGISTRAR = defineVerb({
  name: 'node-driver-registrar',
  about: 'tells the kubelet of its node that there is a driver; runs beside it',
  example: 'csi-sidecars node-driver-registrar --kubelet-registration-path=/var/lib/kubelet/plugins/ebs.csi.aws.com/csi.sock',
  schemaVersion: 1,
  flags: FLAGS,
  run: async (input) => {
    const { options, screen, signal } = input;
    const { kubeletRegistrationPath: endpoint, pluginRegistrationPath } = options;
    if (endpoint === '')
      throw new ConfigError("--kubelet-registration-path is missing: give the driver's socket as kubelet finds it", { exitCode: 2 });
    const name = await awaitDriverName(input, options);
    const socket = join(pluginRegistrationPath, `${name}-reg.sock`);
    // One of an earlier life would keep ours from coming.
    await rm(socket, { force: true });
    let refused: string | undefined;
    const refusal = new AbortController();
    const notified = ({ registered, error }: RegistrationStatus): void => {
      if (registered) return screen.err(`kubelet has registered driver ${name}`);
      refused = error;
      refusal.abort();
    };
    const server = await serveRegistration(socket, { type: 'CSIPlugin', name, endpoint, supportedVersions: CSI_VERSIONS }, notified);
    await chmod(socket, 0o700);
    screen.err(`driver ${name} is announced at ${socket}`);
    await untilTold(AbortSignal.any([signal, refusal.signal]));
    server.close();
    await rm(socket, { force: true });
    return {
      found: refused !== undefined,
      json: { driver: name, refused },
      lines: () => (refused === undefined ? [] : [`kubelet refuses driver ${name}: ${refused}`]),
    };
  },
});
