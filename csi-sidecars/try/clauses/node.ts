/** The way of a volume to a Pod and back, and what is in it. */
import { GrpcCode } from '../../../lib/csi/grpc-code.ts';
import type { AnyCall } from '../journal/call.ts';
import { callsOf, codeOf, okOf } from '../journal/call.ts';
import type { RequestOf } from '../journal/messages.ts';
import { isNowhere } from '../nowhere.ts';
import type { Clause, Judged } from './clause.ts';
import { both, judgeCode, judgeEach } from './clause.ts';

export const NODE_CLAUSES: readonly Clause[] = [
  {
    id: 'node-has-an-id',
    section: 'NodeGetInfo',
    sentence: 'A node has an id of at most 256 bytes.',
    judge: (calls) =>
      judgeEach(
        callsOf(calls, 'NodeGetInfo').filter((call) => okOf(call) !== undefined),
        (call) => {
          const id = okOf(call)?.nodeId ?? '';
          if (id === '') return 'NodeGetInfo named no node';
          return Buffer.byteLength(id) > 256 ? `the id of the node has ${Buffer.byteLength(id)} bytes` : undefined;
        },
      ),
  },
  {
    id: 'attach-again-is-fine',
    section: 'ControllerPublishVolume, ControllerUnpublishVolume',
    sentence: 'Attaching and detaching are idempotent: the same again succeeds.',
    judge: (calls) => both(again(calls, 'ControllerPublishVolume', attached), again(calls, 'ControllerUnpublishVolume', attached)),
  },
  {
    id: 'attach-of-nothing-is-not-found',
    section: 'ControllerPublishVolume Errors',
    sentence: 'Attaching a volume that does not exist is answered with NotFound.',
    judge: (calls) =>
      judgeCode(
        callsOf(calls, 'ControllerPublishVolume').filter(({ request }) => isNowhere(request.volumeId)),
        GrpcCode.NOT_FOUND,
        'of a volume that is not there',
      ),
  },
  {
    id: 'stage-again-is-fine',
    section: 'NodeStageVolume, NodeUnstageVolume',
    sentence: 'Staging and unstaging are idempotent: the same again succeeds.',
    judge: (calls) => both(again(calls, 'NodeStageVolume', staged), again(calls, 'NodeUnstageVolume', staged)),
  },
  {
    id: 'node-publish-again-is-fine',
    section: 'NodePublishVolume, NodeUnpublishVolume',
    sentence: 'Publishing and unpublishing are idempotent: the same again succeeds.',
    judge: (calls) => both(again(calls, 'NodePublishVolume', published), again(calls, 'NodeUnpublishVolume', published)),
  },
  { id: 'bytes-stay', section: 'NodePublishVolume', sentence: 'What was written to a volume is there when it is published again.' },
  { id: 'restored-bytes', section: 'CreateVolume, VolumeContentSource', sentence: 'A volume from a snapshot holds the bytes of its cut.' },
  { id: 'cloned-bytes', section: 'CreateVolume, VolumeContentSource', sentence: 'A volume from a volume holds the bytes of its source.' },
];

type Way =
  | 'ControllerPublishVolume'
  | 'ControllerUnpublishVolume'
  | 'NodeStageVolume'
  | 'NodeUnstageVolume'
  | 'NodePublishVolume'
  | 'NodeUnpublishVolume';

const attached = ({ volumeId, nodeId }: { volumeId: string; nodeId: string }): string => `${volumeId} ${nodeId}`;
const staged = ({ volumeId, stagingTargetPath }: { volumeId: string; stagingTargetPath: string }): string =>
  `${volumeId} ${stagingTargetPath}`;
const published = ({ volumeId, targetPath }: { volumeId: string; targetPath: string }): string => `${volumeId} ${targetPath}`;

const OPPOSITE: Readonly<Record<Way, Way>> = {
  ControllerPublishVolume: 'ControllerUnpublishVolume',
  ControllerUnpublishVolume: 'ControllerPublishVolume',
  NodeStageVolume: 'NodeUnstageVolume',
  NodeUnstageVolume: 'NodeStageVolume',
  NodePublishVolume: 'NodeUnpublishVolume',
  NodeUnpublishVolume: 'NodePublishVolume',
};

/** Calls that repeat one which succeeded, without its opposite in between. */
function again<R extends Way>(calls: readonly AnyCall[], rpc: R, keyOf: (request: RequestOf<R>) => string): Judged {
  const done = new Set<string>();
  const repeats: AnyCall[] = [];
  for (const call of calls) {
    if (call.rpc !== rpc && call.rpc !== OPPOSITE[rpc]) continue;
    const key = keyOf(call.request as unknown as RequestOf<R>);
    if (call.rpc !== rpc) done.delete(key);
    else if (done.has(key)) repeats.push(call);
    else if (codeOf(call) === GrpcCode.OK) done.add(key);
  }
  return judgeCode(repeats, GrpcCode.OK, 'again');
}
