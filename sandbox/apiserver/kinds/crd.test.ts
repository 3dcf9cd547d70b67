import { describe, expect, test } from 'vitest';
import { JSON_PATCH, STRATEGIC, TABLE, TestCluster } from '../../test-cluster.ts';
import type { Json, JsonObject } from '../json.ts';
import { at, listAt } from '../json.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const THINGS = '/apis/example.com/v1/namespaces/default/things';

const SPEC: JsonObject = {
  type: 'object',
  required: ['mode'],
  properties: {
    mode: { type: 'string', enum: ['A', 'B'] },
    size: { type: 'integer', format: 'int64', minimum: 0 },
    port: { 'x-kubernetes-int-or-string': true },
    name: { type: 'string', minLength: 2, maxLength: 5, pattern: '^[a-z]+$' },
    since: { type: 'string', format: 'date-time' },
    level: { type: 'integer', default: 3 },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    fixed: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'fixed is immutable' }] },
    parts: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['id'],
      items: {
        type: 'object',
        properties: {
          id: { type: 'string' },
          v: {
            type: 'integer',
            'x-kubernetes-validations': [{ rule: 'self >= oldSelf', messageExpression: '"v fell to " + string(self)' }],
          },
        },
      },
    },
    limits: { type: 'object', additionalProperties: { type: 'integer' } },
  },
  'x-kubernetes-validations': [
    { rule: "self.mode != 'B' || has(self.size)", message: 'B needs a size', reason: 'FieldValueRequired', fieldPath: '.size' },
    { rule: '!has(oldSelf.fixed) || has(self.fixed)', message: 'fixed is required once set' },
  ],
};

function crd(overrides: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'things', kind: 'Thing', shortNames: ['th'] },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { spec: SPEC, status: { type: 'object', properties: { ns: { type: 'integer', format: 'int64' } } } },
            },
          },
          subresources: { status: {} },
          additionalPrinterColumns: [{ name: 'Mode', type: 'string', jsonPath: '.spec.mode' }],
        },
        {
          name: 'v1beta1',
          served: true,
          storage: false,
          deprecated: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
      ...overrides,
    },
  };
}

async function withThings(): Promise<TestCluster> {
  const cluster = new TestCluster();
  expect((await cluster.post(CRDS, crd())).status).toBe(201);
  return cluster;
}

function thing(spec: JsonObject, rest: JsonObject = {}): JsonObject {
  return { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 't' }, spec, ...rest };
}

function causes(body: JsonObject): Json[] {
  return listAt(body, 'details', 'causes').map((cause) => [
    at(cause, 'field') ?? null,
    at(cause, 'reason') ?? null,
    at(cause, 'message') ?? null,
  ]);
}

describe('a CustomResourceDefinition', () => {
  test('serves its kind at once and says so in its status', async () => {
    const cluster = await withThings();
    const { body } = await cluster.get(`${CRDS}/things.example.com`);
    expect(listAt(body, 'status', 'conditions').map((condition) => [at(condition, 'type'), at(condition, 'status')])).toEqual([
      ['NamesAccepted', 'True'],
      ['Established', 'True'],
    ]);
    expect(at(body, 'status', 'storedVersions')).toEqual(['v1']);
    expect(at(body, 'spec', 'names')).toMatchObject({ singular: 'thing', listKind: 'ThingList' });
    const { body: resources } = await cluster.get('/apis/example.com/v1');
    expect(listAt(resources, 'resources').map((resource) => at(resource, 'name'))).toEqual(['things', 'things/status']);
    expect((await cluster.post(THINGS, thing({ mode: 'A' }))).status).toBe(201);
  });

  test('is refused with a cause for each thing that is wrong with it', async () => {
    const cluster = new TestCluster();
    const bad = crd({
      scope: 'Global',
      versions: [{ name: 'v1', served: true, storage: false, schema: { openAPIV3Schema: { type: 'object', properties: { a: {} } } } }],
    });
    const { status, body } = await cluster.post(CRDS, bad);
    expect([status, causes(body).map((cause) => (cause as Json[])[0])]).toEqual([
      422,
      ['spec.scope', 'spec.versions', 'spec.versions[0].schema.openAPIV3Schema.properties[a].type'],
    ]);
    const rule = crd({
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-validations': [{ rule: 'nonsense(' }] } },
        },
      ],
    });
    expect(causes((await cluster.post(CRDS, rule)).body)[0]).toEqual([
      'spec.versions[0].schema.openAPIV3Schema.x-kubernetes-validations[0].rule',
      'FieldValueInvalid',
      expect.stringContaining('compilation failed'),
    ]);
    const guarded = await cluster.post(CRDS, { ...crd({ group: 'x.k8s.io' }), metadata: { name: 'things.x.k8s.io' } });
    expect(causes(guarded.body)[0]).toEqual(['metadata.annotations[api-approved.kubernetes.io]', 'FieldValueRequired', expect.any(String)]);
  });

  test('takes its custom resources along when it goes, finalizers honoured', async () => {
    const cluster = await withThings();
    await cluster.post(THINGS, thing({ mode: 'A' }, { metadata: { name: 't', finalizers: ['x.y/z'] } }));
    await cluster.post(THINGS, thing({ mode: 'A' }, { metadata: { name: 'u' } }));
    const marked = await cluster.delete(`${CRDS}/things.example.com`);
    expect(at(marked.body, 'metadata', 'finalizers')).toEqual(['customresourcecleanup.apiextensions.k8s.io']);
    cluster.clock.advance(1000);
    expect(listAt((await cluster.get(THINGS)).body, 'items').map((item) => at(item, 'metadata', 'name'))).toEqual(['t']);
    await cluster.patch(`${THINGS}/t`, { metadata: { finalizers: null } });
    cluster.clock.advance(1000);
    expect((await cluster.get(`${CRDS}/things.example.com`)).status).toBe(404);
    expect((await cluster.get(THINGS)).status).toBe(404);
  });

  test('serves several versions of one object, deprecated ones with a warning', async () => {
    const cluster = await withThings();
    await cluster.post(THINGS, thing({ mode: 'A' }));
    const beta = THINGS.replace('v1', 'v1beta1');
    expect((await cluster.get(`${beta}/t`)).body).toMatchObject({ apiVersion: 'example.com/v1beta1', spec: { mode: 'A' } });
    const written = await cluster.patch(`${beta}/t`, { metadata: { labels: { a: 'b' } } });
    expect(written.headers.warning).toBe('299 - "example.com/v1beta1 Thing is deprecated"');
    expect((await cluster.get(`${THINGS}/t`)).body).toMatchObject({ apiVersion: 'example.com/v1', metadata: { labels: { a: 'b' } } });
  });

  test('prints its own columns', async () => {
    const cluster = await withThings();
    await cluster.post(THINGS, thing({ mode: 'A' }));
    const { body } = await cluster.get(THINGS, TABLE);
    expect(listAt(body, 'columnDefinitions').map((column) => at(column, 'name'))).toEqual(['Name', 'Mode']);
    expect(listAt(body, 'rows').map((row) => at(row, 'cells'))).toEqual([['t', 'A']]);
  });
});

describe('a custom resource', () => {
  test('gets defaults and a generation that counts changes of the spec', async () => {
    const cluster = await withThings();
    const { body } = await cluster.post(THINGS, thing({ mode: 'A', level: null }, { status: { ns: 1 } }));
    expect([body.spec, body.status, at(body, 'metadata', 'generation')]).toEqual([{ mode: 'A', level: 3 }, undefined, 1]);
    const generation = async (path: string, change: JsonObject): Promise<Json | undefined> =>
      at((await cluster.patch(`${THINGS}/t${path}`, change)).body, 'metadata', 'generation');
    expect(await generation('', { metadata: { labels: { a: 'b' } } })).toBe(1);
    expect(await generation('/status', { status: { ns: 2 } })).toBe(1);
    expect(await generation('', { spec: { level: 4 } })).toBe(2);
  });

  test('loses unknown fields, with a warning, or is refused where strictness is asked for', async () => {
    const cluster = await withThings();
    const body = thing({ mode: 'A', zzz: 1, free: { any: { thing: true } }, aaa: 1 });
    const strict = await cluster.post(`${THINGS}?fieldValidation=Strict`, body);
    expect([strict.status, strict.body.message]).toEqual([
      400,
      'Thing in version "v1" cannot be handled as a Thing: strict decoding error: unknown field "spec.aaa", unknown field "spec.zzz"',
    ]);
    const taken = await cluster.post(THINGS, body);
    expect(taken.body.spec).toEqual({ mode: 'A', level: 3, free: { any: { thing: true } } });
    expect(taken.headers.warning).toBe('299 - "unknown field \\"spec.aaa\\"", 299 - "unknown field \\"spec.zzz\\""');
    expect((await cluster.patch(`${THINGS}/t?fieldValidation=Strict`, { spec: { zzz: 1 } })).status).toBe(422);
  });

  test.each<[string, JsonObject, [string, string, string]]>([
    ['a missing field', {}, ['spec.mode', 'FieldValueRequired', 'Required value']],
    [
      'another type',
      { mode: 1 },
      ['spec.mode', 'FieldValueTypeInvalid', 'Invalid value: "integer": spec.mode in body must be of type string: "integer"'],
    ],
    [
      'no member of an enumeration',
      { mode: 'C' },
      ['spec.mode', 'FieldValueNotSupported', 'Unsupported value: "C": supported values: "A", "B"'],
    ],
    [
      'a number out of range',
      { mode: 'A', size: -1 },
      ['spec.size', 'FieldValueInvalid', 'Invalid value: -1: spec.size in body should be greater than or equal to 0'],
    ],
    [
      'a fraction for an integer',
      { mode: 'A', size: 1.5 },
      ['spec.size', 'FieldValueTypeInvalid', 'Invalid value: "float64": spec.size in body must be of type int64: "float64"'],
    ],
    [
      'a number that int64 cannot hold',
      { mode: 'A', size: 2n ** 63n },
      ['spec.size', 'FieldValueTypeInvalid', 'Invalid value: "float64": spec.size in body must be of type int64: "float64"'],
    ],
    [
      'a short text',
      { mode: 'A', name: 'a' },
      ['spec.name', 'FieldValueInvalid', 'Invalid value: "a": spec.name in body should be at least 2 chars long'],
    ],
    ['a long text', { mode: 'A', name: 'abcdef' }, ['spec.name', 'FieldValueTooLong', 'Too long: may not be more than 5 bytes']],
    [
      'a text of another pattern',
      { mode: 'A', name: 'AB' },
      ['spec.name', 'FieldValueInvalid', 'Invalid value: "AB": spec.name in body should match \'^[a-z]+$\''],
    ],
    [
      'a time that is none',
      { mode: 'A', since: 'soon' },
      ['spec.since', 'FieldValueTypeInvalid', 'Invalid value: "soon": spec.since in body must be of type date-time: "soon"'],
    ],
    [
      'neither integer nor text',
      { mode: 'A', port: true },
      ['spec.port', 'FieldValueTypeInvalid', 'Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"'],
    ],
    [
      'a value of a map',
      { mode: 'A', limits: { a: 'b' } },
      ['spec.limits.a', 'FieldValueTypeInvalid', 'Invalid value: "string": spec.limits.a in body must be of type integer: "string"'],
    ],
    [
      'two elements of one key',
      { mode: 'A', parts: [{ id: 'x' }, { id: 'x' }] },
      ['spec.parts[1]', 'FieldValueDuplicate', 'Duplicate value: {"id":"x"}'],
    ],
    ['a broken rule', { mode: 'B' }, ['spec.size', 'FieldValueRequired', 'Required value: B needs a size']],
  ])('with %s is refused by name and reason', async (_what, spec, cause) => {
    const cluster = await withThings();
    const { status, body } = await cluster.post(THINGS, thing(spec));
    expect(status).toBe(422);
    expect(causes(body)[0]).toEqual(cause);
  });

  test('keeps to rules about change', async () => {
    const cluster = await withThings();
    await cluster.post(THINGS, thing({ mode: 'A', fixed: 'x', parts: [{ id: 'p', v: 2 }] }));
    const changed = await cluster.patch(`${THINGS}/t`, { spec: { fixed: 'y' } });
    expect(causes(changed.body)).toEqual([['spec.fixed', 'FieldValueInvalid', 'Invalid value: "y": fixed is immutable']]);
    const taken = await cluster.patch(`${THINGS}/t`, { spec: { fixed: null } });
    expect(causes(taken.body)).toEqual([['spec', 'FieldValueInvalid', 'Invalid value: fixed is required once set']]);
    const fell = await cluster.patch(`${THINGS}/t`, {
      spec: {
        parts: [
          { id: 'q', v: 0 },
          { id: 'p', v: 1 },
        ],
      },
    });
    expect(causes(fell.body)).toEqual([['spec.parts[1].v', 'FieldValueInvalid', 'Invalid value: 1: v fell to 1']]);
  });

  test('is not held to a new schema where it does not change', async () => {
    const cluster = await withThings();
    await cluster.post(THINGS, thing({ mode: 'A', name: 'abc' }));
    const path = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/name/maxLength';
    expect((await cluster.patch(`${CRDS}/things.example.com`, [{ op: 'replace', path, value: 2 }], JSON_PATCH)).status).toBe(200);
    expect((await cluster.patch(`${THINGS}/t`, { spec: { level: 5 } })).status).toBe(200);
    expect((await cluster.patch(`${THINGS}/t`, { spec: { name: 'abcd' } })).status).toBe(422);
  });

  test('keeps every digit of an int64 and takes only the status on the status path', async () => {
    const cluster = await withThings();
    await cluster.post(THINGS, thing({ mode: 'A' }));
    const { body, text } = await cluster.patch(`${THINGS}/t/status`, {
      spec: { mode: 'B' },
      metadata: { labels: { a: 'b' } },
      status: { ns: 9007199254740993n },
    });
    expect([body.status, body.spec, at(body, 'metadata', 'labels')]).toEqual([
      { ns: 9007199254740993n },
      { mode: 'A', level: 3 },
      undefined,
    ]);
    expect(text).toContain('"ns":9007199254740993');
    const untouched = await cluster.patch(`${THINGS}/t`, { status: { ns: 1 } });
    expect(untouched.body.status).toEqual({ ns: 9007199254740993n });
    const refused = await cluster.patch(`${THINGS}/t/status`, { status: { ns: 'x' } });
    expect(causes(refused.body)[0]).toEqual([
      'status.ns',
      'FieldValueTypeInvalid',
      'Invalid value: "string": ns in body must be of type integer: "string"',
    ]);
  });

  test('needs kind and version in its body, and a version to be replaced', async () => {
    const cluster = await withThings();
    expect((await cluster.post(THINGS, { metadata: { name: 't' }, spec: { mode: 'A' } })).status).toBe(400);
    expect((await cluster.post(THINGS, { apiVersion: 'example.com/v1', metadata: { name: 't' }, spec: { mode: 'A' } })).status).toBe(400);
    expect((await cluster.post(THINGS, { ...thing({ mode: 'A' }), apiVersion: 'v1' })).status).toBe(400);
    await cluster.post(THINGS, thing({ mode: 'A' }));
    const blind = await cluster.put(`${THINGS}/t`, thing({ mode: 'A' }));
    expect([blind.status, causes(blind.body)]).toEqual([
      422,
      [['metadata.resourceVersion', 'FieldValueInvalid', 'Invalid value: 0: must be specified for an update']],
    ]);
  });

  test('cannot be patched strategically, and lists carry its kind', async () => {
    const cluster = await withThings();
    await cluster.post(THINGS, thing({ mode: 'A' }));
    expect((await cluster.patch(`${THINGS}/t`, {}, STRATEGIC)).status).toBe(415);
    expect(listAt((await cluster.get(THINGS)).body, 'items')[0]).toMatchObject({ kind: 'Thing', apiVersion: 'example.com/v1' });
  });

  test('that is deleting counts one generation more', async () => {
    const cluster = await withThings();
    await cluster.post(THINGS, thing({ mode: 'A' }, { metadata: { name: 't', finalizers: ['x.y/z'] } }));
    expect((await cluster.delete(`${THINGS}/t`)).body.metadata).toMatchObject({ generation: 2, deletionGracePeriodSeconds: 0 });
  });
});
