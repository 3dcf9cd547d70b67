/** Metrics as Prometheus' text format has them. */

export interface Sample {
  /** Of a histogram with its suffix. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export function samplesIn(text: string): readonly Sample[] {
  return [...text.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = '', inBraces = '', value = '']) => ({
    name,
    labels: Object.fromEntries([...inBraces.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', told = '']) => [label, told])),
    value: Number(value),
  }));
}

export interface Family {
  readonly type: string;
  /** Sorted; without `le` and `quantile`, which belong to the type. */
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, rising, to ten digits and without +Inf; empty for other types. */
  readonly buckets: readonly number[];
}

const OF_TYPE = ['le', 'quantile'];

/** The families of which there is a sample: one without any has no labels to see. */
export function familiesIn(text: string): Readonly<Record<string, Family>> {
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(([, name = '', type = '']) => [name, type]));
  const labels = new Map<string, Set<string>>();
  const buckets = new Map<string, Set<number>>();
  for (const sample of samplesIn(text)) {
    const name = types.has(sample.name) ? sample.name : sample.name.replace(/_(?:bucket|sum|count)$/, '');
    const found = labels.get(name) ?? new Set();
    labels.set(name, found);
    for (const [label, value] of Object.entries(sample.labels)) {
      if (!OF_TYPE.includes(label)) found.add(label);
      else if (label === 'le' && value !== '+Inf')
        buckets.set(name, (buckets.get(name) ?? new Set()).add(Number(Number(value).toPrecision(10))));
    }
  }
  return Object.fromEntries(
    [...labels].map(([name, names]) => [
      name,
      {
        type: types.get(name) ?? 'untyped',
        labels: [...names].toSorted(),
        buckets: [...(buckets.get(name) ?? [])].toSorted((a, b) => a - b),
      },
    ]),
  );
}
