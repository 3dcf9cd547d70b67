import { join } from 'node:path';
import { moduleFolder } from './binaries.ts';

const FILES = {
  'snapshot-controller': ['snapshotter', 'external-snapshotter/v8', 'snapshot-controller/rbac-snapshot-controller.yaml'],
  'csi-snapshotter': ['snapshotter', 'external-snapshotter/v8', 'csi-snapshotter/rbac-csi-snapshotter.yaml'],
  'csi-provisioner': ['provisioner', 'external-provisioner/v6', 'rbac.yaml'],
  'csi-attacher': ['volumes', 'external-attacher/v4', 'rbac.yaml'],
  'csi-resizer': ['volumes', 'external-resizer/v2', 'rbac.yaml'],
} as const;

export type UpstreamProgram = keyof typeof FILES;
export const UPSTREAM_PROGRAMS = Object.keys(FILES) as readonly UpstreamProgram[];

/** ServiceAccount, roles and bindings of a Go program, byte for byte as they lie in the Go module cache. */
export function upstreamRbacFile(program: UpstreamProgram): string {
  const [module, path, file] = FILES[program];
  return join(moduleFolder(module, `github.com/kubernetes-csi/${path}`), 'deploy/kubernetes', file);
}
