/** The releases of the Go provisioner that ours is compared with. */
import { type BinaryName, releaseOf } from '../../../harness/real/binaries.ts';
import { type Intended, INTENDED_OF_6_3 } from './intended.ts';

export interface Peer {
  readonly release: string;
  readonly program: BinaryName;
  /** What ours does otherwise than this release alone. */
  readonly intended: readonly Intended[];
}

export const NEWEST: Peer = { release: releaseOf('provisioner', 'external-provisioner'), program: 'csi-provisioner', intended: [] };
export const OF_6_3: Peer = {
  release: releaseOf('provisioner-6.3', 'external-provisioner'),
  program: 'csi-provisioner-6.3',
  intended: INTENDED_OF_6_3,
};
