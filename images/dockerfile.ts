/** As much of the Dockerfile language as ours uses. An instruction that is not known here is an error, never skipped. */

export type Step =
  | { readonly kind: 'workdir'; readonly path: string }
  | { readonly kind: 'copy'; readonly from?: string; readonly sources: readonly string[]; readonly target: string }
  | { readonly kind: 'run'; readonly command: string };

export interface Stage {
  readonly name: string;
  /** Another stage, or an image. */
  readonly from: string;
  readonly steps: readonly Step[];
  readonly entrypoint: readonly string[] | undefined;
}

interface OpenStage {
  readonly name: string;
  readonly from: string;
  readonly steps: Step[];
  entrypoint: readonly string[] | undefined;
}

export function parseDockerfile(text: string): readonly Stage[] {
  const stages: OpenStage[] = [];
  const values = new Map<string, string>();
  const lines = text.replace(/\\\n/g, ' ').split('\n');
  for (const line of lines.map((each) => each.trim()).filter((each) => each !== '' && !each.startsWith('#'))) {
    const [, instruction = '', rest = ''] =
      /^([A-Z]+)\s+(.*)$/.exec(line.replace(/\$\{(\w+)\}/g, (_, name: string) => values.get(name) ?? '')) ?? [];
    const stage = stages.at(-1);
    if (instruction === 'ARG') values.set(rest.split('=')[0] ?? '', rest.split('=')[1] ?? '');
    else if (instruction === 'FROM') {
      const [, from = '', name = ''] = /^(\S+)\s+AS\s+(\S+)$/.exec(rest) ?? [];
      stages.push({ name, from, steps: [], entrypoint: undefined });
    } else if (stage === undefined) throw new Error(`Dockerfile: ${line} before FROM`);
    else if (instruction === 'ENTRYPOINT') stage.entrypoint = JSON.parse(rest) as string[];
    else stage.steps.push(parseStep(instruction, rest));
  }
  return stages;
}

function parseStep(instruction: string, rest: string): Step {
  switch (instruction) {
    case 'WORKDIR':
      return { kind: 'workdir', path: rest };
    case 'RUN':
      return { kind: 'run', command: rest };
    case 'COPY': {
      const words = rest.split(/\s+/);
      const from = words[0]?.startsWith('--from=') === true ? words.shift()?.slice('--from='.length) : undefined;
      const target = words.pop() ?? '';
      return { kind: 'copy', sources: words, target, ...(from === undefined ? {} : { from }) };
    }
    default:
      throw new Error(`Dockerfile: ${instruction} is not known here`);
  }
}
