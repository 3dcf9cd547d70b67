/** Volumes: making, deleting, sizes, sources, places. */
import { GrpcCode } from '../../../lib/csi/grpc-code.ts';
import { callsOf, codeOf, okOf } from '../journal/call.ts';
import { isNowhere } from '../nowhere.ts';
import type { Clause } from './clause.ts';
import { both, judgeCode, judgeEach } from './clause.ts';
import { fits, idOfVolume, repeatedVolumes } from './lives.ts';
import { isWithin } from './places.ts';

export const VOLUME_CLAUSES: readonly Clause[] = [
  {
    id: 'volume-has-an-id',
    section: 'CreateVolume',
    sentence: 'A volume that was made is answered with its id.',
    judge: (calls) =>
      judgeEach(
        callsOf(calls, 'CreateVolume').filter((call) => okOf(call) !== undefined),
        (call) => (idOfVolume(call) === undefined || idOfVolume(call) === '' ? 'CreateVolume succeeded and named no volume' : undefined),
      ),
  },
  {
    id: 'create-volume-again-is-the-same',
    section: 'CreateVolume',
    sentence: 'CreateVolume is idempotent: the same name and request give the same volume.',
    judge: (calls) => {
      const repeats = repeatedVolumes(calls).filter((repeat) => fits(repeat) === true);
      const breaches = repeats.flatMap(({ call, first }) => {
        const at = [first.number, call.number];
        if (codeOf(call) === GrpcCode.ALREADY_EXISTS)
          return [
            { text: `CreateVolume of ${call.request.name} again was answered with AlreadyExists, though the volume fits`, calls: at },
          ];
        const id = idOfVolume(call);
        return id === undefined || id === idOfVolume(first)
          ? []
          : [{ text: `CreateVolume of ${call.request.name} answered ${idOfVolume(first)} first and ${id} then`, calls: at }];
      });
      return { seen: repeats.length, breaches };
    },
  },
  {
    id: 'create-volume-other-request-is-refused',
    section: 'CreateVolume Errors',
    sentence: 'A name whose volume does not fit the request is answered with AlreadyExists.',
    judge: (calls) => {
      const others = repeatedVolumes(calls).filter((repeat) => fits(repeat) === false);
      return judgeCode(
        others.map(({ call }) => call),
        GrpcCode.ALREADY_EXISTS,
        'of a name in use with another size or source',
      );
    },
  },
  {
    id: 'ids-are-unique',
    section: 'Volume, Snapshot',
    sentence: 'No two volumes that exist have one id, nor two snapshots.',
    judge: (calls) => {
      const names = new Map<string, { name: string; number: number }>();
      return judgeEach(
        calls.filter((call) => call.rpc === 'CreateVolume' || call.rpc === 'CreateSnapshot' || call.rpc.startsWith('Delete')),
        (call) => {
          if (call.rpc === 'DeleteVolume') names.delete(`volume ${call.request.volumeId}`);
          if (call.rpc === 'DeleteSnapshot') names.delete(`snapshot ${call.request.snapshotId}`);
          const id =
            call.rpc === 'CreateVolume'
              ? `volume ${idOfVolume(call) ?? ''}`
              : call.rpc === 'CreateSnapshot'
                ? `snapshot ${okOf(call)?.snapshot?.snapshotId ?? ''}`
                : '';
          if (id === '' || id.endsWith(' ') || !('name' in call.request)) return undefined;
          const { name } = call.request;
          const other = names.get(id);
          names.set(id, other ?? { name, number: call.number });
          return other === undefined || other.name === name ? undefined : `${id} is both ${other.name} and ${name}`;
        },
      );
    },
  },
  {
    id: 'capacity-is-in-range',
    section: 'CreateVolume, CapacityRange',
    sentence: 'A volume is at least as large as required and at most as large as the limit.',
    judge: (calls) => {
      const unfit = new Set(repeatedVolumes(calls).flatMap((repeat) => (fits(repeat) === false ? [repeat.call.number] : [])));
      return judgeEach(
        callsOf(calls, 'CreateVolume').filter((call) => okOf(call)?.volume !== undefined && !unfit.has(call.number)),
        (call) => {
          const bytes = okOf(call)?.volume?.capacityBytes ?? 0n;
          const { requiredBytes = 0n, limitBytes = 0n } = call.request.capacityRange ?? {};
          if (bytes === 0n) return undefined;
          if (bytes < requiredBytes) return `${call.request.name} has ${bytes} bytes, required were ${requiredBytes}`;
          return limitBytes > 0n && bytes > limitBytes ? `${call.request.name} has ${bytes} bytes, the limit was ${limitBytes}` : undefined;
        },
      );
    },
  },
  {
    id: 'content-source-is-told',
    section: 'CreateVolume, Volume',
    sentence: 'A volume made from a snapshot or a volume is answered with that source.',
    judge: (calls) =>
      judgeEach(
        callsOf(calls, 'CreateVolume').filter((call) => okOf(call) !== undefined && call.request.volumeContentSource !== undefined),
        (call) => {
          const told = JSON.stringify(okOf(call)?.volume?.contentSource);
          const asked = JSON.stringify(call.request.volumeContentSource);
          return told === asked ? undefined : `${call.request.name} was asked for from ${asked} and answered from ${told ?? 'nothing'}`;
        },
      ),
  },
  {
    id: 'missing-source-is-not-found',
    section: 'CreateVolume Errors',
    sentence: 'A volume from a source that does not exist is answered with NotFound.',
    judge: (calls) =>
      judgeCode(
        callsOf(calls, 'CreateVolume').filter(({ request }) => {
          const source = request.volumeContentSource?.type;
          return source !== undefined && isNowhere(source.$case === 'snapshot' ? source.value.snapshotId : source.value.volumeId);
        }),
        GrpcCode.NOT_FOUND,
        'from a source that does not exist',
      ),
  },
  {
    id: 'volume-is-where-it-was-asked-for',
    section: 'CreateVolume, TopologyRequirement',
    sentence: 'A volume can be reached from one of the places that were asked for.',
    judge: (calls) =>
      judgeEach(
        callsOf(calls, 'CreateVolume').filter((call) => {
          const asked = call.request.accessibilityRequirements?.requisite ?? [];
          return asked.length > 0 && (okOf(call)?.volume?.accessibleTopology.length ?? 0) > 0;
        }),
        (call) => {
          const asked = call.request.accessibilityRequirements?.requisite ?? [];
          const told = okOf(call)?.volume?.accessibleTopology ?? [];
          return told.some((place) => asked.some((wanted) => isWithin(place.segments, wanted.segments)))
            ? undefined
            : `${call.request.name} lies in ${JSON.stringify(told)}, asked for was ${JSON.stringify(asked)}`;
        },
      ),
  },
  {
    id: 'missing-fields-are-refused',
    section: 'CreateVolume, CreateSnapshot, DeleteVolume, DeleteSnapshot',
    sentence: 'A request without a field that is required is answered with InvalidArgument.',
    judge: (calls) =>
      judgeCode(
        calls.filter(
          (call) =>
            (call.rpc === 'CreateVolume' && (call.request.name === '' || call.request.volumeCapabilities.length === 0)) ||
            (call.rpc === 'CreateSnapshot' && (call.request.name === '' || call.request.sourceVolumeId === '')) ||
            (call.rpc === 'DeleteVolume' && call.request.volumeId === '') ||
            (call.rpc === 'DeleteSnapshot' && call.request.snapshotId === ''),
        ),
        GrpcCode.INVALID_ARGUMENT,
        'without a required field',
      ),
  },
  {
    id: 'delete-volume-again-is-fine',
    section: 'DeleteVolume',
    sentence: 'DeleteVolume is idempotent: a volume that is not there is deleted.',
    judge: (calls) => {
      const gone = new Set<string>();
      const again = callsOf(calls, 'DeleteVolume').filter((call) => {
        const known = gone.has(call.request.volumeId) || isNowhere(call.request.volumeId);
        if (okOf(call) !== undefined) gone.add(call.request.volumeId);
        return known;
      });
      return judgeCode(again, GrpcCode.OK, 'of a volume that is not there');
    },
  },
  {
    id: 'validate-confirms-what-was-made',
    section: 'ValidateVolumeCapabilities',
    sentence: 'The capabilities that a volume was made with are confirmed; a volume that is not there is NotFound.',
    judge: (calls) => {
      const checks = callsOf(calls, 'ValidateVolumeCapabilities');
      const missing = checks.filter(({ request }) => isNowhere(request.volumeId));
      const there = checks.filter((call) => !isNowhere(call.request.volumeId) && okOf(call) !== undefined);
      return both(
        judgeCode(missing, GrpcCode.NOT_FOUND, 'of a volume that is not there'),
        judgeEach(there, (call) => {
          const confirmed = okOf(call)?.confirmed;
          if (confirmed === undefined) return `not confirmed: ${okOf(call)?.message ?? ''}`;
          return confirmed.volumeCapabilities.length === 0 ? 'confirmed, and named no capability' : undefined;
        }),
      );
    },
  },
  {
    id: 'expanded-is-large-enough',
    section: 'ControllerExpandVolume',
    sentence: 'An expanded volume is at least as large as required; a volume that is not there is NotFound.',
    judge: (calls) => {
      const expansions = callsOf(calls, 'ControllerExpandVolume');
      return both(
        judgeCode(
          expansions.filter(({ request }) => isNowhere(request.volumeId)),
          GrpcCode.NOT_FOUND,
          'of a volume that is not there',
        ),
        judgeEach(
          expansions.filter((call) => okOf(call) !== undefined),
          (call) => {
            const required = call.request.capacityRange?.requiredBytes ?? 0n;
            const bytes = okOf(call)?.capacityBytes ?? 0n;
            return bytes < required ? `${bytes} bytes after the expansion, required were ${required}` : undefined;
          },
        ),
      );
    },
  },
];
