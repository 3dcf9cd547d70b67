/**
 * Informers over fixed objects, which keep of them what the program's own declarations keep, as its caches do: for
 * asking whether a program decides the same on what it keeps as on whole objects.
 */
import type { Informer, InformerSet, Interest } from '../../../lib/controller/informer.ts';
import { keyOf } from '../../../lib/controller/store.ts';
import { compileTrim } from '../../../lib/controller/trim.ts';
import type { KubeObject, Resource } from '../../../lib/kube/objects.ts';

/** Whole objects by the plural of their kind. */
export type Objects = Readonly<Record<string, readonly KubeObject[]>>;

/** A field path that a program declares for a kind. */
export interface Declared {
  readonly plural: string;
  readonly path: string;
}

/** `whole`; as declared; or as declared but for one path. */
export type Keeping = 'whole' | 'declared' | { readonly without: Declared };

export interface FixedInformers extends InformerSet {
  /** Declared paths, but for kinds that are kept whole. */
  readonly declared: readonly Declared[];
  of<T extends KubeObject>(resource: Resource<T>): Informer<T>;
}

export function fixedInformers(objects: Objects, keeping: Keeping): FixedInformers {
  const declared: Declared[] = [];
  const informers = new Map<string, Informer<KubeObject>>();
  return {
    declared,
    informer: <T extends KubeObject>(resource: Resource<T>, interest: Interest<T>): Informer<T> => {
      const { plural } = resource;
      if (informers.has(plural)) throw new Error(`${plural} are declared twice: then the union of both is kept`);
      if (interest.fields !== 'whole') declared.push(...interest.fields.map((path) => ({ plural, path })));
      // The plural names the type.
      const whole = (objects[plural] ?? []) as unknown as readonly T[];
      const kept = whole.map((object) => keep(object, { plural, fields: interest.fields }, keeping));
      const informer = informerOver(kept, interest);
      informers.set(plural, informer);
      return informer;
    },
    of: <T extends KubeObject>({ plural }: Resource<T>) => informers.get(plural) as unknown as Informer<T>,
    start: () => {},
    waitSynced: () => Promise.resolve(),
  };
}

function keep<T extends KubeObject>(
  object: T,
  { plural, fields }: { readonly plural: string; readonly fields: Interest<T>['fields'] },
  keeping: Keeping,
): T {
  if (keeping === 'whole') return object;
  const isCut = (path: string): boolean => keeping !== 'declared' && keeping.without.plural === plural && keeping.without.path === path;
  return compileTrim([fields === 'whole' ? fields : fields.filter((path) => !isCut(path))])(object);
}

function informerOver<T extends KubeObject>(objects: readonly T[], { indexes = [] }: Interest<T>): Informer<T> {
  return {
    store: {
      get: (key) => objects.find((object) => keyOf(object) === key),
      byUid: (uid) => objects.find(({ metadata }) => metadata?.uid === uid),
      byIndex: (name, value) => {
        const index = indexes.find((candidate) => candidate.name === name);
        return objects.filter((object) => index?.values(object).includes(value) === true);
      },
      list: () => objects,
      keys: () => objects.map(keyOf),
    },
    onEvent: () => () => {},
    absorb: () => {},
    ended: () => {},
    synced: () => true,
    available: () => true,
  };
}
