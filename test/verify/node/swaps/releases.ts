/** The driver as its vendor releases it: with a capability more or less, or with other topology keys. */
import { TOPOLOGY_KEY } from '../../../../harness/node/driver-pod.ts';

export interface DriverRelease {
  readonly name: string;
  readonly args: readonly string[];
  /** Its topology argument; volumes and requests of other keys do not fit each other. */
  readonly place: string;
  /** Ends of the names of what it does not make; it waits until a release does. */
  readonly lacks: readonly string[];
}

/** Also who makes calls take a while, and who says which have come. */
const CONTROL = '--control=unix:///csi/control.sock';
const PLACE = `--topology=${TOPOLOGY_KEY}=$(NODE_NAME)`;
/** Data are local: what lies elsewhere is no source of copies. */
const COPIES = ['-copy', '-restored'];

function release(
  name: string,
  { place = PLACE, disable = '', lacks = [] }: { place?: string; disable?: string; lacks?: readonly string[] } = {},
): DriverRelease {
  return { name, place, lacks, args: [CONTROL, ...[place, disable].filter((arg) => arg !== '')] };
}

export const USUAL = release('usual');

export const RELEASES: readonly DriverRelease[] = [
  release('without clones', { disable: '--disable=CLONE_VOLUME', lacks: ['-copy'] }),
  release('one topology key more', { place: `${PLACE},zone.mock.csi.example/rack=r1`, lacks: COPIES }),
  release('without groups', { disable: '--disable=CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT', lacks: ['-group'] }),
  release('without topology', { place: '', disable: '--disable=VOLUME_ACCESSIBILITY_CONSTRAINTS', lacks: COPIES }),
  release('without questions about snapshots', { disable: '--disable=LIST_SNAPSHOTS,GET_SNAPSHOT' }),
];
