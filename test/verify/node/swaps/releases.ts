/** The driver as its vendor releases it: with a capability more or less, or with other topology keys. */
import { TOPOLOGY_KEY } from '../../../../harness/node/driver-pod.ts';

export interface DriverRelease {
  readonly name: string;
  readonly args: readonly string[];
  /** Ends of the names of what it does not make; it waits until a release does. */
  readonly lacks: readonly string[];
}

/** Also who makes calls take a while, and who says which have come. */
const CONTROL = '--control=unix:///csi/control.sock';
const PLACE = `${TOPOLOGY_KEY}=$(NODE_NAME)`;

const released = (name: string, args: readonly string[], lacks: readonly string[] = []): DriverRelease => ({
  ...{ name, lacks },
  args: [CONTROL, ...args],
});

export const USUAL = released('usual', [`--topology=${PLACE}`]);

/** Data are local: what lies elsewhere is no source of copies. */
const COPIES = ['-copy', '-restored'];

export const RELEASES: readonly DriverRelease[] = [
  released('without clones', [`--topology=${PLACE}`, '--disable=CLONE_VOLUME'], ['-copy']),
  released('one topology key more', [`--topology=${PLACE},zone.mock.csi.example/rack=r1`], COPIES),
  released('without groups', [`--topology=${PLACE}`, '--disable=CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT'], ['-group']),
  released('without topology', ['--disable=VOLUME_ACCESSIBILITY_CONSTRAINTS'], COPIES),
  released('without questions about snapshots', [`--topology=${PLACE}`, '--disable=LIST_SNAPSHOTS,GET_SNAPSHOT']),
];
