/**
 * What each effect of a controller is, in words, and whose work it is. One line for every effect there is: a new one does
 * not compile without.
 */
import type { ClaimStep } from '../../provisioner/claim/state.ts';
import type { VolumeStep } from '../../provisioner/volume/state.ts';
import type { BindingEffect } from '../../snapshotter/binding/state.ts';
import type { ContentObject } from '../../snapshotter/kinds/kind.ts';
import type { ContentEffect } from '../../snapshotter/content/state.ts';
import type { ContentProtectionEffect } from '../../snapshotter/content-protection/state.ts';

export function claimWords(step: ClaimStep): string {
  switch (step.kind) {
    case 'read-min-version':
    case 'read-claim':
    case 'read-owner':
      return 'reads the claim once more';
    case 'read-snapshot':
      return `reads VolumeSnapshot ${step.source.namespace}/${step.source.name}`;
    case 'read-content':
      return `reads VolumeSnapshotContent ${step.name}`;
    case 'read-attributes-class':
      return `reads VolumeAttributesClass ${step.name}`;
    case 'read-secret':
      return `reads Secret ${step.secret.namespace}/${step.secret.name}`;
    case 'protect-snapshot':
    case 'protect-claim':
      return `protects the source ${step.source.namespace}/${step.source.name} by a finalizer, then calls CreateVolume`;
    case 'write-intent':
      return `writes down what it is about to ask for, then calls CreateVolume for ${step.intent.request.name}`;
    case 'create-volume':
      return `calls CreateVolume for ${step.intent.request.name}`;
    case 'delete-unwanted':
      return `calls DeleteVolume for ${step.handle}, which is not what the claim asks for`;
    case 'save-volume':
      return 'creates the PersistentVolume';
    case 'read-volume':
      return `reads PersistentVolume ${step.name}`;
    case 'close':
      return 'takes the entry of the claim out of its journal';
    case 'draw-wait':
      return 'waits a moment that chance decides, so that nodes do not all try at once';
    case 'read-capacity':
      return 'asks the driver how much room there is';
    case 'select-node':
      return `chooses node ${step.node}`;
    case 'reschedule':
      return 'takes the chosen node off the claim, so that the scheduler chooses another one';
    default:
      return step satisfies never;
  }
}

export function volumeWords(step: VolumeStep): string {
  switch (step.kind) {
    case 'add-finalizer':
      return 'adds its finalizer to the PersistentVolume';
    case 'remove-finalizer':
      return 'takes its finalizer off the PersistentVolume';
    case 'delete-object':
      return 'deletes the PersistentVolume';
    case 'finish-closing':
      return 'takes the entry of the claim out of its journal, then calls DeleteVolume';
    case 'delete-volume':
      return `calls DeleteVolume for ${step.handle}`;
    default:
      return step satisfies never;
  }
}

export function bindingWords(step: BindingEffect<ContentObject>): string {
  switch (step.kind) {
    case 'confirm':
      return `reads the ${step.needed} ${step.name} once more`;
    case 'set-class':
      return 'gives the VolumeSnapshot its default class';
    case 'write-error':
      return 'writes the error into the status';
    case 'add-finalizers':
      return `adds its finalizers to the VolumeSnapshot${step.claims.length === 0 ? '' : ' and protects the source claim by one'}`;
    case 'protect-claim':
      return 'protects the source claim by a finalizer';
    case 'create-content':
      return step.action === 'see-snapshot'
        ? 'reads the VolumeSnapshot once more'
        : step.action === 'post'
          ? 'creates the VolumeSnapshotContent'
          : 'writes the name of the content into the status';
    case 'bind-content':
      return 'binds the VolumeSnapshotContent to the VolumeSnapshot';
    case 'write-status':
      return 'copies what the content says into the status';
    case 'note-failure':
      return 'notes the failure where programs read it';
    case 'add-owner':
      return 'makes the group the owner of its member';
    case 'mark-content':
      return 'tells the content that its VolumeSnapshot is being deleted';
    case 'delete-content':
      return 'deletes the VolumeSnapshotContent';
    case 'release-snapshot':
      return 'takes its finalizers off the VolumeSnapshot';
    default:
      return step satisfies never;
  }
}

export function contentWords(step: ContentEffect): string {
  switch (step.kind) {
    case 'create-snapshot':
      return step.action === 'read-secret'
        ? `reads Secret ${step.secret.namespace}/${step.secret.name}`
        : step.action === 'mark'
          ? 'marks the content, then calls CreateSnapshot'
          : 'calls CreateSnapshot';
    case 'refresh-snapshot':
      return step.action === 'read-secret'
        ? `reads Secret ${step.secret.namespace}/${step.secret.name}`
        : `asks the driver for snapshot ${step.handles.handle}`;
    case 'delete-snapshot':
      return step.action === 'read-secret'
        ? `reads Secret ${step.secret.namespace}/${step.secret.name}`
        : `calls DeleteSnapshot for ${step.handles.handle}`;
    case 'write-marks':
      return 'brings its marks on the content up to date';
    case 'write-error':
      return 'writes the error into the status';
    case 'save-status':
    case 'clear-status':
      return 'brings the status of the content up to date';
    case 'release-content':
      return 'takes its finalizer off the content';
    default:
      return step satisfies never;
  }
}

export function contentProtectionWords(step: ContentProtectionEffect): string {
  switch (step.kind) {
    case 'protect-content':
      return 'adds its finalizer to the content';
    case 'see-snapshot':
      return 'reads the VolumeSnapshot of the content once more';
    case 'delete-content':
      return 'deletes the content: its VolumeSnapshot is gone';
    case 'mark-content':
      return 'tells csi-snapshotter that the VolumeSnapshot is gone';
    default:
      return step satisfies never;
  }
}
