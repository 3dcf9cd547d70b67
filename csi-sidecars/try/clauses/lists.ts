/** ListVolumes and ListSnapshots: pages, filters. What they must hold is looked at by the trial itself. */
import { GrpcCode } from '../../../lib/csi/grpc-code.ts';
import type { AnyCall } from '../journal/call.ts';
import { callsOf, okOf } from '../journal/call.ts';
import { isNowhere } from '../nowhere.ts';
import type { Clause } from './clause.ts';
import { judgeCode, judgeEach } from './clause.ts';

export const LIST_CLAUSES: readonly Clause[] = [
  {
    id: 'pages-are-no-longer-than-asked',
    section: 'ListVolumes, ListSnapshots',
    sentence: 'A page holds at most max_entries entries.',
    judge: (calls) =>
      judgeEach(
        lists(calls).filter(({ request, answer }) => request.maxEntries > 0 && answer.kind === 'ok'),
        (call) => {
          const count = okEntries(call);
          return count > call.request.maxEntries ? `${count} entries where ${call.request.maxEntries} were asked for` : undefined;
        },
      ),
  },
  {
    id: 'bad-token-is-aborted',
    section: 'ListVolumes Errors, ListSnapshots Errors',
    sentence: 'A starting_token that the driver never gave is answered with Aborted.',
    judge: (calls) => {
      const bad = lists(calls).filter(({ request }) => isNowhere(request.startingToken));
      return judgeEach(bad, (call) =>
        call.answer.kind === 'refused' && call.answer.code !== GrpcCode.ABORTED
          ? judgeCode([call], GrpcCode.ABORTED, 'with a token that was never given').breaches[0]?.text
          : call.answer.kind === 'ok'
            ? `${call.rpc} took a token that was never given`
            : undefined,
      );
    },
  },
  {
    id: 'list-snapshots-filters',
    section: 'ListSnapshots',
    sentence: 'ListSnapshots with a snapshot_id or a source_volume_id answers those snapshots only, and nothing where there are none.',
    judge: (calls) =>
      judgeEach(
        callsOf(calls, 'ListSnapshots').filter(
          (call) => okOf(call) !== undefined && (call.request.snapshotId !== '' || call.request.sourceVolumeId !== ''),
        ),
        (call) => {
          const { snapshotId, sourceVolumeId } = call.request;
          const other = (okOf(call)?.entries ?? []).find(
            ({ snapshot }) =>
              (snapshotId !== '' && snapshot?.snapshotId !== snapshotId) ||
              (sourceVolumeId !== '' && snapshot?.sourceVolumeId !== sourceVolumeId),
          );
          const asked = snapshotId === '' ? `snapshots of ${sourceVolumeId}` : `snapshot ${snapshotId}`;
          return other === undefined ? undefined : `asked for ${asked}, answered ${other.snapshot?.snapshotId ?? 'an empty entry'}`;
        },
      ),
  },
  { id: 'pages-end', section: 'ListVolumes, ListSnapshots', sentence: 'Pages come to an end: the last one has no next_token.' },
  {
    id: 'lists-are-complete',
    section: 'ListVolumes, ListSnapshots',
    sentence: 'What was made and not deleted is in the lists, once.',
  },
  { id: 'deleted-volume-is-gone', section: 'DeleteVolume', sentence: 'A volume whose deletion succeeded is gone.' },
  { id: 'deleted-snapshot-is-gone', section: 'DeleteSnapshot', sentence: 'A snapshot whose deletion succeeded is gone.' },
];

type List = Extract<AnyCall, { rpc: 'ListVolumes' | 'ListSnapshots' }>;

function lists(calls: readonly AnyCall[]): List[] {
  return calls.filter((call): call is List => call.rpc === 'ListVolumes' || call.rpc === 'ListSnapshots');
}

function okEntries({ answer }: List): number {
  return answer.kind === 'ok' ? answer.response.entries.length : 0;
}
