/** Drivers with one defect each, as faults of the mock driver, and the clause that has to name it. */
export interface Defect {
  readonly what: string;
  /** Rules of a scenario file. */
  readonly faults: readonly Readonly<Record<string, unknown>>[];
  /** Exactly the clauses that are broken. */
  readonly broken: readonly string[];
  /** Further flags of the driver. */
  readonly driver?: readonly string[];
  /** Documents for --class. */
  readonly classes?: string;
}

export const DEFECTS: readonly Defect[] = [
  {
    what: 'the same name again gives another volume',
    faults: [{ rpc: 'CreateVolume', name: 'try-*-volume', calls: '2', answer: { set: { 'volume.volume_id': 'vol-of-the-second-call' } } }],
    broken: ['create-volume-again-is-the-same'],
  },
  {
    what: 'a name in use is taken for a volume of another size',
    faults: [
      { rpc: 'CreateVolume', name: 'try-*-volume', calls: '3', request: { set: { 'capacity_range.required_bytes': '1073741824' } } },
    ],
    broken: ['create-volume-other-request-is-refused'],
  },
  {
    what: 'a volume is smaller than required',
    faults: [{ rpc: 'CreateVolume', name: 'try-*-other', answer: { set: { 'volume.capacity_bytes': '1048576' } } }],
    broken: ['capacity-is-in-range'],
  },
  {
    what: 'a volume that is not there cannot be deleted',
    faults: [{ rpc: 'DeleteVolume', name: 'csi-sidecars-try-is-not-there', code: 'NOT_FOUND', message: 'no such volume' }],
    broken: ['delete-volume-again-is-fine'],
  },
  {
    what: 'DeleteVolume says yes and deletes nothing',
    faults: [{ rpc: 'DeleteVolume', name: 'vol-*', request: { set: { volume_id: 'vol-nowhere' } } }],
    broken: ['deleted-volume-is-gone'],
  },
  {
    what: 'DeleteSnapshot says yes and deletes nothing',
    faults: [{ rpc: 'DeleteSnapshot', name: 'snap-*', request: { set: { snapshot_id: 'snap-nowhere' } } }],
    broken: ['deleted-snapshot-is-gone'],
  },
  {
    what: 'a volume from a snapshot does not say so',
    faults: [{ rpc: 'CreateVolume', name: 'try-*-restored', answer: { drop: ['volume.content_source'] } }],
    broken: ['content-source-is-told'],
  },
  {
    what: 'a volume from a snapshot is empty',
    faults: [
      {
        rpc: 'CreateVolume',
        name: 'pvc-*',
        calls: '2',
        request: { drop: ['volume_content_source'] },
        answer: { echo: { 'volume.content_source': 'volume_content_source' } },
      },
    ],
    broken: ['restored-bytes'],
  },
  {
    what: 'a snapshot is said to be of another volume',
    faults: [{ rpc: 'CreateSnapshot', name: 'try-*-snapshot', answer: { set: { 'snapshot.source_volume_id': 'vol-another' } } }],
    broken: ['snapshot-is-described'],
  },
  {
    what: 'a snapshot is never ready',
    faults: [{ rpc: 'CreateSnapshot', name: 'try-*-snapshot', notReady: '1h' }],
    broken: ['snapshot-becomes-ready'],
  },
  {
    what: 'ListSnapshots overlooks the filter',
    faults: [{ rpc: 'ListSnapshots', request: { drop: ['snapshot_id'] } }],
    broken: ['list-snapshots-filters'],
  },
  {
    what: 'the pages of ListVolumes go round',
    faults: [{ rpc: 'ListVolumes', answer: { set: { next_token: 'after:vol-0' } } }],
    broken: ['pages-end'],
  },
  {
    what: 'a page of ListVolumes does not say that there are more',
    faults: [{ rpc: 'ListVolumes', answer: { drop: ['next_token'] } }],
    broken: ['lists-are-complete'],
  },
  {
    what: 'publishing again is an error',
    faults: [{ rpc: 'NodePublishVolume', calls: '2', code: 'INTERNAL', message: 'it is mounted' }],
    broken: ['node-publish-again-is-fine'],
  },
  {
    what: 'a capability promises a call that is not there',
    faults: [{ rpc: 'ControllerExpandVolume', code: 'UNIMPLEMENTED', message: 'not yet' }],
    broken: ['offered-is-served'],
  },
  {
    what: 'a volume lies elsewhere than asked for',
    faults: [
      { rpc: 'CreateVolume', name: 'try-*-other', answer: { set: { 'volume.accessible_topology': [{ segments: { zone: 'b' } }] } } },
    ],
    driver: ['--topology=zone=a'],
    broken: ['volume-is-where-it-was-asked-for'],
  },
  {
    what: 'an error repeats a secret',
    faults: [{ rpc: 'CreateVolume', name: 'try-*-other', calls: '1', code: 'INTERNAL', message: 'login failed for hunter2hunter2' }],
    classes: [
      'apiVersion: v1',
      'kind: Secret',
      'metadata: {name: login, namespace: default}',
      'stringData: {password: hunter2hunter2}',
      '---',
      'apiVersion: storage.k8s.io/v1',
      'kind: StorageClass',
      'metadata: {name: any}',
      'provisioner: mock.csi.example',
      'parameters:',
      '  csi.storage.k8s.io/provisioner-secret-name: login',
      '  csi.storage.k8s.io/provisioner-secret-namespace: default',
      '',
    ].join('\n'),
    broken: ['secrets-stay-secret'],
  },
];
