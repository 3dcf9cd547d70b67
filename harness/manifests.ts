import { readFileSync } from 'node:fs';
import { loadAll } from 'js-yaml';
import type { KubeObject } from '../lib/kube/objects.ts';

/** The documents of a YAML file; those that are empty are left out. */
export function readManifests<T = KubeObject>(file: string): T[] {
  return (loadAll(readFileSync(file, 'utf8')) as (T | null)[]).flatMap((each) => each ?? []);
}
