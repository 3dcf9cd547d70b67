/** Containers that run one of the sidecars, ours or the Go programs, told by image and command. */
import type { KubeObject } from '../../lib/kube/objects.ts';
import type { Listed } from '../reading/read-only-client.ts';

interface Container {
  readonly name?: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
}

export interface Pod extends KubeObject {
  spec?: { serviceAccountName?: string; nodeName?: string; containers?: readonly Container[] };
  status?: {
    phase?: string;
    containerStatuses?: readonly {
      readonly name?: string;
      readonly restartCount?: number;
      readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } };
    }[];
  };
}

export const ROLE_NAMES = ['snapshot-controller', 'csi-snapshotter', 'csi-provisioner'] as const;
export type RoleName = (typeof ROLE_NAMES)[number];

export interface Sidecar {
  readonly pod: Pod;
  readonly container: Container;
  readonly role: RoleName;
  /** `--leader-election`, as any of the programs takes it. */
  readonly elects: boolean;
  /** One on every node by intention. */
  readonly perNode: boolean;
  /** Tag of the image, without a leading v: `8.2.0`. Empty where there is none. */
  readonly version: string;
  /** `NAMESPACE/NAME`. */
  readonly account: string;
}

/** Of Pods that are not over. */
export function sidecarsOf({ items }: Listed<Pod>): Sidecar[] {
  return items
    .filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed')
    .flatMap((pod) =>
      (pod.spec?.containers ?? []).flatMap((container) => rolesOf(container).map((role) => describe(pod, container, role))),
    );
}

function describe(pod: Pod, container: Container, role: RoleName): Sidecar {
  const words = wordsOf(container);
  const tag = /:([^/:@]+)(?:@.*)?$/.exec(container.image ?? '')?.[1] ?? '';
  return {
    pod,
    container,
    role,
    elects: words.some((word) => /^--?leader-election(?:=true)?$/.test(word)),
    perNode: words.some((word) => /^--?node-deployment(?:=true)?$/.test(word)),
    version: tag.replace(/^v(?=\d)/, ''),
    account: `${pod.metadata?.namespace ?? ''}/${pod.spec?.serviceAccountName ?? 'default'}`,
  };
}

function wordsOf({ command = [], args = [] }: Container): readonly string[] {
  return [...command, ...args];
}

/** Verbs of csi-sidecars that run as containers: no role of the control plane. */
const NODE_VERBS = ['node-driver-registrar', 'livenessprobe'];

function rolesOf(container: Container): readonly RoleName[] {
  const words = wordsOf(container);
  if (words.some((word) => NODE_VERBS.includes(word))) return [];
  const names = [programOf(container.image ?? ''), ...(container.command ?? []).map((word) => programOf(word))];
  if (names.includes('csi-sidecars')) {
    const listed = words.map((word) => /^--roles=(.*)$/.exec(word)?.[1]).findLast((roles) => roles !== undefined);
    const roles = listed?.split(',') ?? ['csi-snapshotter', 'csi-provisioner'];
    return ROLE_NAMES.filter((role) => roles.includes(role));
  }
  return ROLE_NAMES.filter((role) => names.includes(role));
}

/** `registry/x/csi-provisioner:v6@sha256:…` and `/csi-provisioner` → `csi-provisioner`. */
function programOf(text: string): string {
  return (text.split('/').at(-1) ?? '').split(/[:@]/)[0]?.replace(/\.mjs$/, '') ?? '';
}
