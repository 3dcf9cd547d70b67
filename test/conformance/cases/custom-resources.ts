import { expect } from 'vitest';
import type { Answer, Case, Lab } from '../lab.ts';
import { at, refusal, text } from '../lab.ts';
import { paths } from '../objects.ts';

interface TestKind {
  readonly group: string;
  readonly path: string;
  make(name: string, fields: object): object;
}

/** Installs a throw-away CRD `widgets` in a group of the case's own and waits until it is served. */
async function widgets(lab: Lab, spec: object, versionFields: object = {}): Promise<TestKind> {
  const group = `${lab.namespace}.example.com`;
  const answer = await lab.post(paths.crds, definition(group, spec, versionFields));
  if (answer.status !== 201) throw new Error(answer.text);
  const path = `/apis/${group}/v1/widgets`;
  await lab.until(`${paths.crds}/widgets.${group}`, established);
  await lab.until(path, ({ status }) => status === 200);
  return { group, path, make: (name, fields) => ({ apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name }, ...fields }) };
}

function definition(group: string, spec: object, versionFields: object = {}): object {
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec } } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope: 'Cluster',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions: [{ name: 'v1', served: true, storage: true, schema, ...versionFields }],
    },
  };
}

function established({ body }: Answer): boolean {
  const conditions = at(body, 'status.conditions');
  return (
    Array.isArray(conditions) &&
    conditions.some((condition) => at(condition, 'type') === 'Established' && at(condition, 'status') === 'True')
  );
}

export const customResourceCases: readonly Case[] = [
  {
    name: 'CRD: becomes Established with accepted names and its stored version',
    run: async (lab) => {
      const { group } = await widgets(lab, { type: 'object' });
      const { body } = await lab.get(`${paths.crds}/widgets.${group}`);
      expect(at(body, 'status.acceptedNames')).toMatchObject({
        kind: 'Widget',
        listKind: 'WidgetList',
        plural: 'widgets',
        singular: 'widget',
      });
      expect(at(body, 'status.storedVersions')).toEqual(['v1']);
      const conditions = at(body, 'status.conditions') as unknown[];
      expect(conditions.find((condition) => at(condition, 'type') === 'NamesAccepted')).toMatchObject({
        status: 'True',
        reason: 'NoConflicts',
      });
    },
  },
  {
    name: 'CRD: names are defaulted, conversion is None',
    run: async (lab) => {
      const group = `${lab.namespace}.example.com`;
      const body = definition(group, { type: 'object' }) as { spec: { names: object } };
      const answer = await lab.post(paths.crds, { ...body, spec: { ...body.spec, names: { plural: 'widgets', kind: 'Widget' } } });
      expect(at(answer.body, 'spec.names')).toMatchObject({ singular: 'widget', listKind: 'WidgetList' });
      expect(at(answer.body, 'spec.conversion.strategy')).toBe('None');
    },
  },
  {
    name: 'CRD: a name that is not plural.group, and a version without schema, are refused',
    run: async (lab) => {
      const group = `${lab.namespace}.example.com`;
      const wrong = { ...definition(group, { type: 'object' }), metadata: { name: `gadgets.${group}` } };
      expect(refusal(await lab.post(paths.crds, wrong))).toMatchObject({ status: 422, reason: 'Invalid' });
      const bare = definition(group, {}, { schema: undefined });
      expect(refusal(await lab.post(paths.crds, bare)).status).toBe(422);
    },
  },
  {
    name: 'CRD: deleting it takes its objects and its paths away',
    run: async (lab) => {
      const { group, path, make } = await widgets(lab, { type: 'object' });
      await lab.post(path, make('one', {}));
      expect((await lab.delete(`${paths.crds}/widgets.${group}`)).status).toBe(200);
      await lab.until(`${paths.crds}/widgets.${group}`, ({ status }) => status === 404);
      await lab.until(path, ({ status }) => status === 404);
    },
  },
  {
    name: 'schema: defaults are filled in at creation, and nested ones where their parent is',
    run: async (lab) => {
      const { path, make } = await widgets(lab, {
        type: 'object',
        properties: {
          color: { type: 'string', default: 'red' },
          size: { type: 'object', properties: { unit: { type: 'string', default: 'cm' } } },
        },
      });
      expect(at((await lab.post(path, make('a', { spec: {} }))).body, 'spec')).toEqual({ color: 'red' });
      expect(at((await lab.post(path, make('b', { spec: { size: {}, color: 'blue' } }))).body, 'spec')).toEqual({
        color: 'blue',
        size: { unit: 'cm' },
      });
      expect(at((await lab.post(path, make('c', {}))).body, 'spec')).toBeUndefined();
    },
  },
  {
    name: 'schema: null takes the default where null is not allowed',
    run: async (lab) => {
      const { path, make } = await widgets(lab, {
        type: 'object',
        properties: { color: { type: 'string', default: 'red' }, note: { type: 'string', nullable: true } },
      });
      const { body } = await lab.post(path, make('a', { spec: { color: null, note: null } }));
      expect(at(body, 'spec')).toEqual({ color: 'red', note: null });
    },
  },
  {
    name: 'schema: unknown fields survive below x-kubernetes-preserve-unknown-fields only',
    run: async (lab) => {
      const { path, make } = await widgets(lab, {
        type: 'object',
        properties: { free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      });
      const { body } = await lab.post(path, make('a', { spec: { free: { any: [1, { thing: true }] }, other: 1 } }));
      expect(at(body, 'spec')).toEqual({ free: { any: [1, { thing: true }] } });
    },
  },
  {
    name: 'schema: bounds, lengths, patterns, enums and list sizes are held, one cause each',
    run: async (lab) => {
      const { path, make } = await widgets(lab, {
        type: 'object',
        properties: {
          count: { type: 'integer', minimum: 1, maximum: 5 },
          name: { type: 'string', minLength: 2, maxLength: 4 },
          code: { type: 'string', pattern: '^[a-z]+$' },
          color: { type: 'string', enum: ['red', 'blue'] },
          tags: { type: 'array', maxItems: 1, items: { type: 'string' } },
        },
      });
      const answer = await lab.post(path, make('a', { spec: { count: 9, name: 'x', code: 'A1', color: 'green', tags: ['a', 'b'] } }));
      expect(refusal(answer).causes).toEqual([
        'FieldValueInvalid spec.code',
        'FieldValueInvalid spec.count',
        'FieldValueInvalid spec.name',
        'FieldValueNotSupported spec.color',
        'FieldValueTooMany spec.tags',
      ]);
    },
  },
  {
    name: 'schema: int-or-string takes both and nothing else',
    run: async (lab) => {
      const { path, make } = await widgets(lab, { type: 'object', properties: { port: { 'x-kubernetes-int-or-string': true } } });
      expect((await lab.post(path, make('a', { spec: { port: 80 } }))).status).toBe(201);
      expect((await lab.post(path, make('b', { spec: { port: 'http' } }))).status).toBe(201);
      expect(refusal(await lab.post(path, make('c', { spec: { port: [] } }))).status).toBe(422);
    },
  },
  {
    name: 'CEL: a rule refuses with its message at its place, and holds at creation',
    run: async (lab) => {
      const { path, make } = await widgets(lab, {
        type: 'object',
        properties: { low: { type: 'integer' }, high: { type: 'integer' } },
        'x-kubernetes-validations': [
          { rule: '!has(self.low) || !has(self.high) || self.low <= self.high', message: 'low must not exceed high' },
        ],
      });
      expect((await lab.post(path, make('a', { spec: { low: 1, high: 2 } }))).status).toBe(201);
      const answer = await lab.post(path, make('b', { spec: { low: 3, high: 2 } }));
      expect(refusal(answer)).toMatchObject({ status: 422, causes: ['FieldValueInvalid spec'] });
      expect(text(answer.body, 'message')).toContain('low must not exceed high');
    },
  },
  {
    name: 'CEL: oldSelf rules hold on updates only, and only where both sides exist',
    run: async (lab) => {
      const { path, make } = await widgets(lab, {
        type: 'object',
        properties: {
          fixed: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'fixed is immutable' }] },
          free: { type: 'string' },
        },
      });
      expect((await lab.post(path, make('a', { spec: { free: 'x' } }))).status).toBe(201);
      expect((await lab.patch(`${path}/a`, 'merge-patch', { spec: { fixed: 'one' } })).status).toBe(200);
      expect(refusal(await lab.patch(`${path}/a`, 'merge-patch', { spec: { fixed: 'two' } })).causes).toEqual([
        'FieldValueInvalid spec.fixed',
      ]);
      expect((await lab.patch(`${path}/a`, 'merge-patch', { spec: { free: 'y' } })).status).toBe(200);
      expect((await lab.patch(`${path}/a`, 'merge-patch', { spec: { fixed: null } })).status).toBe(200);
    },
  },
  {
    name: 'CEL: a rule that was broken before does not hold up a write elsewhere in the object',
    run: async (lab) => {
      const { group, path, make } = await widgets(lab, {
        type: 'object',
        properties: { name: { type: 'string' }, note: { type: 'string' } },
      });
      await lab.post(path, make('a', { spec: { name: 'short' } }));
      // The definition gets stricter while an object of the old kind lives: what an upgrade of CRDs does.
      const crd = `${paths.crds}/widgets.${group}`;
      const spec = {
        type: 'object',
        properties: {
          name: { type: 'string', maxLength: 20, 'x-kubernetes-validations': [{ rule: 'self.size() > 10', message: 'too short' }] },
          note: { type: 'string' },
        },
      };
      const schema = { openAPIV3Schema: { type: 'object', properties: { spec } } };
      const changed = await lab.patch(crd, 'merge-patch', { spec: { versions: [{ name: 'v1', served: true, storage: true, schema }] } });
      expect(changed.status).toBe(200);
      await lab.until(path, () => true);
      for (let tries = 0; ; tries += 1) {
        // The new rule takes a moment to be served.
        const probe = await lab.post(`${path}?dryRun=All`, make('probe', { spec: { name: 'short' } }));
        if (probe.status === 422) break;
        if (tries > 500) throw new Error('the stricter rule never came into force');
      }
      expect((await lab.patch(`${path}/a`, 'merge-patch', { spec: { note: 'still writable' } })).status).toBe(200);
      expect(refusal(await lab.patch(`${path}/a`, 'merge-patch', { spec: { name: 'tiny' } })).status).toBe(422);
    },
  },
  {
    name: 'printer columns: a CRD’s columns are the Table’s, after the name',
    run: async (lab) => {
      const { path, make } = await widgets(
        lab,
        { type: 'object', properties: { color: { type: 'string' }, count: { type: 'integer' } } },
        {
          additionalPrinterColumns: [
            { name: 'Color', type: 'string', jsonPath: '.spec.color' },
            { name: 'Count', type: 'integer', jsonPath: '.spec.count' },
          ],
        },
      );
      await lab.post(path, make('a', { spec: { color: 'red', count: 3 } }));
      await lab.post(path, make('b', { spec: {} }));
      const { body } = await lab.table(path);
      expect((at(body, 'columnDefinitions') as unknown[]).map((column) => at(column, 'name'))).toEqual(['Name', 'Color', 'Count']);
      expect(at(body, 'rows.0.cells')).toEqual(['a', 'red', 3]);
      expect(at(body, 'rows.1.cells')).toEqual(['b', null, null]);
    },
  },
];
