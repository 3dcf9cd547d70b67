/** A snapshot that an admin brought: what the driver says of it, or ready at once where it cannot say. */
import { preProvisionedHandleOf, text } from '../content-accessors.ts';
import { CAUSE, type Cause } from '../failure-note.ts';
import { inputsOf } from '../inputs.ts';
import { LIST_SECRET } from '../names.ts';
import { statusPatch } from '../object-patch.ts';
import { classNotFound, withMore } from '../peer-words.ts';
import { resolveSecret } from '../secret-templates.ts';
import { describe, refuse } from './failure.ts';
import { statusChange } from './status-change.ts';
import type { ContentNext, ContentState } from './state.ts';

export function decideRefresh(state: ContentState): ContentNext {
  const { content, snapshotClass, now } = state;
  const handle = preProvisionedHandleOf(content) ?? '';
  if (!state.listsSnapshots) {
    const believed = { kind: 'snapshot', effect: 'refresh-snapshot', handle, creationTime: undefined, sizeBytes: 0n, ready: true } as const;
    const changes = statusChange(content, believed, now) ?? {};
    return {
      kind: 'save-status',
      backoff: 'save-status',
      inputs: inputsOf(content.metadata?.uid, handle),
      patch: statusPatch(content, content.status, changes),
    };
  }
  const inputs = inputsOf(content.metadata?.uid, handle, content.spec?.volumeSnapshotClassName, snapshotClass?.parameters);
  const no = (why: string, cause: Cause): ContentNext => refuse(state, describe(content, 'refresh-snapshot', { why, cause }));
  const className = text(content.spec?.volumeSnapshotClassName);
  const contentName = content.metadata?.name ?? '';
  if (className !== undefined && snapshotClass === undefined)
    return no(`failed to get snapshot class ${className} for snapshot content ${contentName}: ${classNotFound(className)}`, CAUSE.missing);
  const secret = resolveSecret(snapshotClass?.parameters, LIST_SECRET, { contentName });
  if (!secret.ok)
    return no(withMore(`failed to get secret reference for snapshot content ${contentName}: ${secret.fault}`, secret.more), CAUSE.invalid);
  if (secret.value !== undefined && state.secret === undefined)
    return { kind: 'refresh-snapshot', backoff: 'refresh-snapshot', action: 'read-secret', inputs, secret: secret.value };
  return { kind: 'refresh-snapshot', backoff: 'refresh-snapshot', action: 'call', inputs, handle };
}
