import { dump } from 'js-yaml';

/** Objects as one YAML file, a remark above each document where there is one to make. */
export function manifestLines(documents: readonly { readonly remark?: string; readonly object: object }[]): string[] {
  return documents.flatMap(({ remark, object }, index) => [
    ...(index === 0 ? [] : ['---']),
    ...(remark === undefined ? [] : [`# ${remark}`]),
    ...dump(object, { lineWidth: 120, noRefs: true }).trimEnd().split('\n'),
  ]);
}
