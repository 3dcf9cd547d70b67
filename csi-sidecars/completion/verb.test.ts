import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { runVerb } from '../frame/run-verb.ts';
import { testPlace } from '../frame/testing/place.ts';
import { VERBS } from '../verbs.ts';

async function script(shell: string): Promise<string> {
  const place = testPlace();
  const verb = VERBS.find(({ name }) => name === 'completion') ?? expect.unreachable();
  expect(await runVerb(verb, place, [shell])).toBe(0);
  return place.out.join('\n');
}

/** What bash offers for the last of `words`, split as bash splits a command line. */
async function offered(...words: string[]): Promise<readonly string[]> {
  const quoted = words.map((word) => `'${word}'`).join(' ');
  const program = `${await script('bash')}\nCOMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _csi_sidecars; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', program], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

describe('in bash', () => {
  test('the first word is one of the verbs', async () => {
    expect(await offered('csi-sidecars', '')).toEqual(VERBS.map(({ name }) => name));
    expect(await offered('csi-sidecars', 'inst')).toEqual(['install-crds']);
  });

  test('behind a verb come its words and flags, behind none those of the roles', async () => {
    expect(await offered('csi-sidecars', 'completion', '')).toEqual(['bash', 'zsh', 'fish', '--output=']);
    expect(await offered('csi-sidecars', 'install-crds', '--c')).toEqual(['--check', '--crds=']);
    expect(await offered('csi-sidecars', '--csi-a')).toEqual(['--csi-address=']);
  });

  test('behind an equals sign come the values, where they are known', async () => {
    expect(await offered('csi-sidecars', 'completion', '--output', '=')).toEqual(['text', 'json']);
    expect(await offered('csi-sidecars', 'completion', '--output', '=', 'j')).toEqual(['json']);
  });
});

test('each script knows every verb and flag of the table', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const text = await script(shell);
    for (const { name, flags } of VERBS) for (const word of [name, ...flags.map((flag) => flag.name)]) expect(text, shell).toContain(word);
  }
});
