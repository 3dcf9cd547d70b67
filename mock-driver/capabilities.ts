/**
 * What the driver can do, as a table: every row can be switched off, so that any subset of a driver can
 * be played. A capability that both the controller and the node have is switched off in both by its plain
 * name, in one by CONTROLLER.NAME or NODE.NAME.
 */
import type { Features } from './model/world.ts';

const PLUGIN = ['CONTROLLER_SERVICE', 'VOLUME_ACCESSIBILITY_CONSTRAINTS', 'GROUP_CONTROLLER_SERVICE', 'VOLUME_EXPANSION_ONLINE'] as const;

// VOLUME_CONDITION is absent on purpose: it was alpha and CSI 1.13 reserves its number.
const CONTROLLER = [
  'CREATE_DELETE_VOLUME',
  'PUBLISH_UNPUBLISH_VOLUME',
  'LIST_VOLUMES',
  'GET_CAPACITY',
  'CREATE_DELETE_SNAPSHOT',
  'LIST_SNAPSHOTS',
  'CLONE_VOLUME',
  'PUBLISH_READONLY',
  'EXPAND_VOLUME',
  'LIST_VOLUMES_PUBLISHED_NODES',
  'GET_VOLUME',
  'SINGLE_NODE_MULTI_WRITER',
  'MODIFY_VOLUME',
  'GET_SNAPSHOT',
] as const;

const GROUP = ['CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT'] as const;

const NODE = ['STAGE_UNSTAGE_VOLUME', 'GET_VOLUME_STATS', 'EXPAND_VOLUME', 'SINGLE_NODE_MULTI_WRITER', 'VOLUME_MOUNT_GROUP'] as const;

export type PluginCapability = (typeof PLUGIN)[number];
export type ControllerCapability = (typeof CONTROLLER)[number];
export type GroupCapability = (typeof GROUP)[number];
export type NodeCapability = (typeof NODE)[number];

/** Everything `--disable` takes. */
export function switchableNames(): readonly string[] {
  const both = CONTROLLER.filter((name) => (NODE as readonly string[]).includes(name));
  const scoped = both.flatMap((name) => [`CONTROLLER.${name}`, `NODE.${name}`]);
  return [...new Set([...PLUGIN, ...CONTROLLER, ...GROUP, ...NODE, ...scoped])];
}

/** What is on: the lists that are answered, and what they mean to the model. */
export interface Capabilities {
  readonly plugin: readonly PluginCapability[];
  readonly controller: readonly ControllerCapability[];
  readonly group: readonly GroupCapability[];
  readonly node: readonly NodeCapability[];
  readonly features: Features;
}

/** `topology`: whether the driver was given segments; without them there is nothing to constrain. */
export function capabilities(disabled: ReadonlySet<string>, topology: boolean): Capabilities {
  const unknown = [...disabled].filter((name) => !switchableNames().includes(name));
  if (unknown.length > 0) throw new Error(`unknown capability ${unknown.join(', ')}; known are ${switchableNames().join(', ')}`);
  const on = (scope: string) => (name: string) => !disabled.has(name) && !disabled.has(`${scope}.${name}`);
  const plugin = PLUGIN.filter(on('PLUGIN')).filter((name) => topology || name !== 'VOLUME_ACCESSIBILITY_CONSTRAINTS');
  const controller = plugin.includes('CONTROLLER_SERVICE') ? CONTROLLER.filter(on('CONTROLLER')) : [];
  const group = plugin.includes('GROUP_CONTROLLER_SERVICE') ? GROUP.filter(on('GROUP')) : [];
  const node = NODE.filter(on('NODE'));
  return {
    plugin,
    controller,
    group,
    node,
    features: {
      snapshots: controller.includes('CREATE_DELETE_SNAPSHOT') || group.length > 0,
      clones: controller.includes('CLONE_VOLUME'),
      modify: controller.includes('MODIFY_VOLUME'),
      topology: plugin.includes('VOLUME_ACCESSIBILITY_CONSTRAINTS'),
      publishReadonly: controller.includes('PUBLISH_READONLY'),
      singleNodeMultiWriter: controller.includes('SINGLE_NODE_MULTI_WRITER') || node.includes('SINGLE_NODE_MULTI_WRITER'),
      stage: node.includes('STAGE_UNSTAGE_VOLUME'),
      onlineExpansion: plugin.includes('VOLUME_EXPANSION_ONLINE'),
      controllerExpansion: controller.includes('EXPAND_VOLUME'),
      nodeExpansion: node.includes('EXPAND_VOLUME'),
    },
  };
}
