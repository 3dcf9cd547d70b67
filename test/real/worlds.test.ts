/** Fifty random worlds, the same ones every time, beside the newest release of the Go program: test/real/worlds/. */
import { expect, test } from 'vitest';
import { IS_NEWEST_KUBERNETES } from '../../harness/real/binaries.ts';
import { NEWEST } from './worlds/peers.ts';
import { onPlaneOfWorlds } from './worlds/plane.ts';
import { runWorlds } from './worlds/run.ts';

const SEEDS = Array.from({ length: 50 }, (_, index) => index + 1);
/** A hang guard: each world has its own. */
const GUARD_MS = 3_600_000;

// The worlds have VolumeAttributesClasses.
test.skipIf(!IS_NEWEST_KUBERNETES)(
  'csi-provisioner asks the driver for what the Go program asks for, and writes what it writes',
  async () => {
    const { faults, ...figures } = await onPlaneOfWorlds((plane) => runWorlds(plane, SEEDS, { peer: NEWEST, log: () => undefined }));
    expect(faults).toEqual([]);
    expect(figures).toMatchObject({ worlds: SEEDS.length, claims: 350 });
    expect(figures.called).toBeGreaterThan(100);
    expect(figures.made).toBeGreaterThan(70);
  },
  GUARD_MS,
);
