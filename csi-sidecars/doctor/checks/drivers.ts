/** Drivers that are announced and run nowhere, and objects whose driver is gone. */
import { CSI_DRIVERS, PERSISTENT_VOLUMES, VOLUME_SNAPSHOT_CONTENTS } from '../../../lib/kube/resources.ts';
import { type Case, type Check, isAsked } from '../check.ts';
import { driversThere } from '../../reading/drivers-there.ts';
import type { Finding } from '../finding.ts';
import { placeOf } from '../../reading/place.ts';

export const DRIVERS: Check = {
  name: 'drivers',
  run: (given) => ({ findings: [...onNoNode(given), ...orphans(given), ...unknown(given)] }),
};

function onNoNode(given: Case): Finding[] {
  const { survey } = given;
  if (survey.csiNodes.blind !== undefined || survey.nodes.items.length === 0) return [];
  const { nodes } = driversThere(survey);
  return survey.drivers.items
    .filter(({ metadata }) => isAsked(given, metadata?.name) && !nodes.has(metadata?.name ?? ''))
    .map((each) => ({
      severity: 'error',
      what: 'the driver runs on no node: no CSINode lists it',
      where: placeOf(CSI_DRIVERS, each),
      since: each.metadata?.creationTimestamp,
      breaks: 'no Pod can use a volume of it; with topology none is made either',
      fix: 'kubectl get pods -A -o wide # of the node part of the driver: does it run, and does its node-driver-registrar?',
    }));
}

/** What is to be deleted and belongs to a driver that is gone waits for ever. */
function orphans(given: Case): Finding[] {
  const { survey } = given;
  const { isMissing } = driversThere(survey);
  const gone = (driver: string | undefined): driver is string => driver !== undefined && isAsked(given, driver) && isMissing(driver);
  const going = [
    ...survey.volumes.items
      .filter(({ metadata, spec }) => gone(spec?.csi?.driver) && metadata?.deletionTimestamp !== undefined)
      .map((each) => ({
        place: placeOf(PERSISTENT_VOLUMES, each),
        driver: each.spec?.csi?.driver ?? '',
        since: each.metadata?.deletionTimestamp,
      })),
    ...survey.contents.items
      .filter(({ metadata, spec }) => gone(spec?.driver) && metadata?.deletionTimestamp !== undefined)
      .map((each) => ({
        place: placeOf(VOLUME_SNAPSHOT_CONTENTS, each),
        driver: each.spec?.driver ?? '',
        since: each.metadata?.deletionTimestamp,
      })),
  ];
  return going.map(({ place, driver, since }) => ({
    severity: 'error',
    what: `it is being deleted, and its driver ${driver} is not there`,
    where: place,
    since,
    breaks: 'it stays, and so does its volume or snapshot in the storage',
    fix: `install ${driver} again until it is gone; without it, delete the storage by hand and kubectl patch ${place.kind.toLowerCase()} ${place.name} --type=merge -p '{"metadata":{"finalizers":null}}'`,
  }));
}

/** The driver that was asked for by name. */
function unknown({ survey, driver }: Case): Finding[] {
  if (driver === undefined || !driversThere(survey).isMissing(driver)) return [];
  return [
    {
      severity: 'error',
      what: `there is no driver ${driver}: no CSIDriver and no node has it`,
      where: { kind: CSI_DRIVERS.kind, name: driver },
      breaks: 'nothing of this driver works',
      fix: 'kubectl get csidrivers # is the name right?',
    },
  ];
}
