/** What the user is told of a read or write that failed, in the frames that the Go program puts around such errors. Pure. */
import { KIND } from '../facts/data-source.ts';
import { words } from '../facts/peer-words.ts';
import type { ClaimState, ClaimStep } from './state.ts';

/** `why`: the API server's own words. */
export function failureWords(step: ClaimStep, { claim, dataSource }: Pick<ClaimState, 'claim' | 'dataSource'>, why: string): string {
  const { namespace = '', name = '' } = claim?.metadata ?? {};
  switch (step.kind) {
    case 'read-snapshot':
      return sourceWords(step.source.name, `error getting snapshot ${step.source.name} from api server: ${why}`);
    case 'read-content': {
      const snapshot = 'name' in dataSource ? dataSource.name : '';
      return sourceWords(snapshot, words(`error getting snapshotcontent ${step.name} for snapshot ${snapshot}`, why));
    }
    case 'select-node':
      return `node check failed: PVC ${namespace}/${name}: selecting node "${step.node}" for PVC failed: ${why}`;
    default:
      return why;
  }
}

/** Around everything that keeps a source from being used. */
export function sourceWords(name: string, why: string, kind: keyof typeof KIND = 'snapshot'): string {
  return `error getting handle for DataSource Type ${KIND[kind]} by Name ${name}: ${why}`;
}
