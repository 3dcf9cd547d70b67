import { describe, expect, test } from 'vitest';
import { VERBS } from '../verbs.ts';
import { chooseWay } from './front-door.ts';

const choose = (...argv: string[]): ReturnType<typeof chooseWay> => chooseWay(argv, { verbs: VERBS, calledAs: 'csi-sidecars' });

describe('the first word', () => {
  test('is a verb, with what stands behind it', () => {
    expect(choose('install-crds', '--check')).toMatchObject({ kind: 'verb', verb: { name: 'install-crds' }, argv: ['--check'] });
  });

  test('that is no verb is a usage error which offers the nearest one', () => {
    expect(() => choose('install-crd', '--kubeconfig=x')).toThrow(expect.objectContaining({ exitCode: 2 }));
    expect(() => choose('install-crd')).toThrow(/unknown verb "install-crd": did you mean install-crds\? There are /);
    expect(() => choose('nonsense')).toThrow(/unknown verb "nonsense": there are .*completion/);
  });

  test('that is a flag, or none at all, starts the roles', () => {
    expect(choose('--roles=csi-snapshotter')).toEqual({ kind: 'roles' });
    expect(choose('--help')).toEqual({ kind: 'roles' });
    expect(choose()).toEqual({ kind: 'roles' });
  });

  test('none at all, called as a kubectl plugin, starts nothing', () => {
    expect(chooseWay([], { verbs: VERBS, calledAs: 'kubectl-csi' })).toEqual({ kind: 'help' });
  });

  test('help is help, of a verb too', () => {
    expect(choose('help')).toEqual({ kind: 'help' });
    expect(choose('help', 'completion')).toMatchObject({ verb: { name: 'completion' }, argv: ['--help'] });
    expect(() => choose('help', 'completoin')).toThrow(/did you mean completion/);
  });
});
