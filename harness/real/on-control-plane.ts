import { installCrds, readCrds } from '../crds.ts';
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './control-plane.ts';

/** Does `work` on a control plane of its own that serves our CRDs; it is stopped whatever comes of the work. */
export async function onControlPlane<T>(options: ControlPlaneOptions, work: (plane: ControlPlane) => Promise<T>): Promise<T> {
  const plane = await startControlPlane(options);
  try {
    await installCrds(plane.raw, readCrds());
    return await work(plane);
  } finally {
    await plane.stop();
  }
}
