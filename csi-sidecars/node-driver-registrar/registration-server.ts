/** The socket in kubelet's registration folder: kubelet finds it, asks who is there, and says whether it took the driver. */
import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import { decodeRegistrationStatus, encodePluginInfo, type PluginInfo, type RegistrationStatus } from './messages.ts';

const SERVICE = 'pluginregistration.Registration';

/** Neither message matters: an empty request, an empty answer. */
const nothing = { serialize: (): Buffer => Buffer.alloc(0), deserialize: (): object => ({}) };

function unary<Req, Res>(name: string, request: (bytes: Buffer) => Req, answer: (value: Res) => Buffer): ServiceDefinition[string] {
  return {
    path: `/${SERVICE}/${name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: nothing.serialize,
    requestDeserialize: request,
    responseSerialize: answer,
    responseDeserialize: nothing.deserialize,
  };
}

export interface RegistrationServer {
  close(): void;
}

/** Resolves once the socket serves. `notified` is told every answer of kubelet, which asks again after each restart of its own. */
export function serveRegistration(
  socket: string,
  info: PluginInfo,
  notified: (status: RegistrationStatus) => void,
): Promise<RegistrationServer> {
  const server = new Server();
  server.addService(
    {
      GetInfo: unary('GetInfo', nothing.deserialize, (value: PluginInfo) => Buffer.from(encodePluginInfo(value))),
      NotifyRegistrationStatus: unary('NotifyRegistrationStatus', decodeRegistrationStatus, nothing.serialize),
    },
    {
      GetInfo: (_call: unknown, answer: (error: null, value: PluginInfo) => void) => answer(null, info),
      NotifyRegistrationStatus: (call: { readonly request: RegistrationStatus }, answer: (error: null, value: object) => void) => {
        notified(call.request);
        answer(null, {});
      },
    },
  );
  return new Promise((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => {
      if (error === null) resolve({ close: () => server.forceShutdown() });
      else reject(error);
    });
  });
}
