import { expect, test } from 'vitest';
import { ROLES } from '../roles.ts';
import { VERBS } from '../verbs.ts';
import { programHelp, rolesHelp } from './help.ts';

test('the help of the program is one screen: what it is, an example, every verb, and where the flags are', () => {
  const lines = programHelp(VERBS, ROLES).split('\n');
  expect(lines.length).toBeLessThanOrEqual(35);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(132);
  expect(lines.findIndex((line) => line === 'Example:')).toBeLessThan(5);
  for (const { name, about } of VERBS) expect(lines.some((line) => line.startsWith(`  ${name} `) && line.endsWith(about))).toBe(true);
  expect(lines.join('\n')).toContain('--help=flags');
});

test('the flags of the roles are listed once each, under the roles that take them', () => {
  const text = rolesHelp(ROLES);
  const names = [...text.matchAll(/^ {2}.{3} --(\S+)/gm)].map(([, name]) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { flags } of ROLES) for (const { name } of flags) expect(names).toContain(name);
  const sections = text.split('\n\n');
  expect(sections.find((section) => section.includes('--csi-address string'))).toMatch(/^csi-snapshotter, csi-provisioner:\n/);
  expect(sections.find((section) => section.includes('--kubeconfig string'))).toMatch(/^All roles:\n/);
  expect(text).toContain('Default 1m0s for csi-snapshotter, 10s for csi-provisioner');
});

test('every verb has an example that starts it', () => {
  for (const { name, example, about } of VERBS) {
    expect(example).toContain(`csi-sidecars ${name}`);
    expect(about).not.toMatch(/\.$|\n/);
  }
});
