/**
 * The places that external-provisioner v6.3.0 asks for where it asks for those of the cluster: the nodes that have all keys of one
 * set as labels, with the driver or without. Without a selected node chance picks the set among those that CSINodes have for the driver.
 */
import type { CsiNode, Node } from '../../../lib/kube/objects.ts';
import { CSI_NODES, NODES } from '../../../lib/kube/resources.ts';
import type { ClaimOutcome } from './outcome.ts';
import { ofNoSide } from './parts.ts';
import { type CreateVolumeRequest, segmentText, type Topology } from './recording-driver.ts';
import type { World } from './world.ts';

const NO_NODE = /^error generating accessibility requirements: topologyKeys \[.*\] were not found on any nodes/;

/** Both ask for the same volume, the Go program in places of v6.3.0, ours in others. */
export function areInPlacesOf63(world: World, ours: ClaimOutcome, go: ClaimOutcome): boolean {
  if (JSON.stringify(ours.requests) === JSON.stringify(go.requests) || ours.requests.length === 0) return false;
  const alike = (a: readonly (string | undefined)[], b: readonly (string | undefined)[]): boolean =>
    JSON.stringify([...new Set(a.map(placeless))].sort()) === JSON.stringify([...new Set(b.map(placeless))].sort());
  return asksForPlacesOf63(world, go) && alike(ours.requests, go.requests) && alike([ours.volume], [go.volume]);
}

/** One side, or each of them in its own words, finds no node with the keys; and v6.3.0 may go on, or fail, as the Go program does. */
export function findNoneIn63(world: World, ours: ClaimOutcome, go: ClaimOutcome): boolean {
  const [oursFailed, goFailed] = [ours, go].map(({ words, requests }) => requests.length === 0 && NO_NODE.test(words ?? ''));
  if (goFailed === true) return oursFailed === true || placesOfEachSet(world).some((places) => places.length === 0);
  return oursFailed === true && asksForPlacesOf63(world, go);
}

function asksForPlacesOf63(world: World, { requests }: ClaimOutcome): boolean {
  const choices = placesOfEachSet(world).map(textOf);
  const places = requests.map((request) => (JSON.parse(request) as CreateVolumeRequest).accessibility_requirements);
  const areChoices = places.every((each) => {
    const wanted = textOf(segmentsIn(each?.requisite));
    return wanted === textOf(segmentsIn(each?.preferred)) && choices.includes(wanted);
  });
  return requests.length > 0 && areChoices;
}

type Segments = Readonly<Record<string, string>>;

function placesOfEachSet({ nodes, driver }: World): readonly (readonly Segments[])[] {
  const sets = new Map<string, readonly string[]>();
  for (const { resource, object } of nodes) {
    if (resource.kind !== CSI_NODES.kind) continue;
    const own = (object as CsiNode).spec?.drivers?.find(({ name }) => name !== undefined && isDriver(name, driver));
    const keys = own?.topologyKeys ?? [];
    if (keys.length > 0) sets.set([...keys].sort().join(), keys);
  }
  const labels = nodes.filter(({ resource }) => resource.kind === NODES.kind).map(({ object }) => (object as Node).metadata?.labels ?? {});
  return [...sets.values()].map((keys) =>
    labels.filter((each) => keys.every((key) => key in each)).map((each) => Object.fromEntries(keys.map((key) => [key, each[key] ?? '']))),
  );
}

function isDriver(name: string, driver: string): boolean {
  return ofNoSide(name, 'go') === driver;
}

function segmentsIn(places: readonly Topology[] = []): readonly Segments[] {
  return places.map(({ segments = {} }) => segments);
}

function textOf(places: readonly Segments[]): string {
  return [...new Set(places.map(segmentText))].sort().join(' ');
}

/** A request, or a PV, as JSON and without its places. */
function placeless(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const { accessibility_requirements: _requirements, spec, ...rest } = JSON.parse(text) as Record<string, unknown> & { spec?: object };
  const { nodeAffinity: _affinity, ...others } = { nodeAffinity: undefined, ...spec };
  return JSON.stringify({ ...rest, spec: others });
}
