/** The targets of the Dockerfile as layers. What cannot be one is an error, never left out. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDockerfile, type Stage } from './dockerfile.ts';
import type { Layer } from './layer.ts';

export interface Target {
  readonly name: string;
  readonly entrypoint: readonly string[];
  /** On the base image, from the lowest; the same object where targets share one. */
  readonly layers: readonly Layer[];
}

/** Where the stage that builds has the repository. */
const BUILD_STAGE = 'build';
const BUILD_FOLDER = '/src/';

/** `root` is the repository, built. */
export function targetsOf(root: string): readonly Target[] {
  const stages = parseDockerfile(readFileSync(join(root, 'Dockerfile'), 'utf8'));
  const layers = new Map<string, Layer>();
  const layersOf = (stage: Stage): readonly Layer[] => {
    const below = stages.find(({ name }) => name === stage.from);
    const layer = layers.get(stage.name) ?? layerOf(stage, root);
    layers.set(stage.name, layer);
    return [...(below === undefined ? [] : layersOf(below)), layer];
  };
  return stages.flatMap((stage) =>
    stage.entrypoint === undefined ? [] : [{ name: stage.name, entrypoint: stage.entrypoint, layers: layersOf(stage) }],
  );
}

function layerOf({ name, steps }: Stage, root: string): Layer {
  const files: Record<string, string> = {};
  const links: Record<string, string> = {};
  for (const step of steps) {
    if (step.kind === 'copy') {
      const [source, ...more] = step.sources;
      if (source === undefined || more.length > 0 || step.target.endsWith('/'))
        throw new Error(`Dockerfile: ${name} copies several files at once`);
      files[step.target] = join(root, step.from === undefined ? source : builtFile(step.from, source));
    } else {
      const [, target, link] = (step.kind === 'run' ? /^ln -s (\/\S+) (\/\S+)$/.exec(step.command) : undefined) ?? [];
      if (target === undefined || link === undefined) throw new Error(`Dockerfile: ${name} does more than to copy and to link`);
      links[link] = target;
    }
  }
  return { title: name, files, links };
}

function builtFile(stage: string, path: string): string {
  if (stage !== BUILD_STAGE || !path.startsWith(BUILD_FOLDER)) throw new Error(`Dockerfile: ${path} of ${stage} is not of the repository`);
  return path.slice(BUILD_FOLDER.length);
}
