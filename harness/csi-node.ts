/**
 * The kubelet's part of a volume's life for tests without nodes: stages and publishes it through the
 * driver and hands over the folder. It loads `proto/csi.proto` at run time and shares nothing with lib/csi.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Client, ServiceClientConstructor } from '@grpc/grpc-js';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { repositoryRoot } from './repository.ts';

export interface PublishedVolume {
  /** The folder a Pod would see. */
  readonly folder: string;
  unpublish(): Promise<void>;
}

export interface CsiNode {
  publish(volumeId: string): Promise<PublishedVolume>;
  close(): void;
}

type Unary = (request: object, answer: (error: Error | null, response: unknown) => void) => void;

const WRITER = { mount: {}, access_mode: { mode: 'SINGLE_NODE_WRITER' } };

export interface CsiNodeOptions {
  readonly address: string;
  readonly nodeId: string;
  /** Where target folders go. */
  readonly dir: string;
}

export function openCsiNode({ address, nodeId, dir }: CsiNodeOptions): CsiNode {
  const definition = loadSync(join(repositoryRoot(), 'proto/csi.proto'), { keepCase: true, longs: String, enums: String });
  const services = (loadPackageDefinition(definition) as unknown as { csi: { v1: Record<string, ServiceClientConstructor> } }).csi.v1;
  const clients = new Map<string, Client>();
  const call = (service: string, method: string, request: object): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const Service = services[service];
      if (Service === undefined) throw new Error(`csi.proto has no service ${service}`);
      const client = clients.get(service) ?? new Service(address, credentials.createInsecure());
      clients.set(service, client);
      const unary = (client as unknown as Record<string, Unary>)[method];
      if (unary === undefined) throw new Error(`csi.proto has no ${service}.${method}`);
      unary.call(client, request, (error, response) => (error === null ? resolve(response) : reject(error)));
    });

  return {
    publish: async (volumeId) => {
      const base = join(dir, `published-${volumeId}`);
      const [staging, target] = [join(base, 'staging'), join(base, 'target')];
      mkdirSync(staging, { recursive: true });
      const volume = { volume_id: volumeId, volume_capability: WRITER };
      const attached = { ...volume, node_id: nodeId, readonly: false };
      const { publish_context } = (await call('Controller', 'ControllerPublishVolume', attached)) as { publish_context?: object };
      const placed = { ...volume, publish_context: publish_context ?? {}, staging_target_path: staging };
      await call('Node', 'NodeStageVolume', placed);
      await call('Node', 'NodePublishVolume', { ...placed, target_path: target });
      return {
        folder: target,
        unpublish: async () => {
          await call('Node', 'NodeUnpublishVolume', { volume_id: volumeId, target_path: target });
          await call('Node', 'NodeUnstageVolume', { volume_id: volumeId, staging_target_path: staging });
          await call('Controller', 'ControllerUnpublishVolume', { volume_id: volumeId, node_id: nodeId });
        },
      };
    },
    close: () => {
      for (const client of clients.values()) client.close();
    },
  };
}
