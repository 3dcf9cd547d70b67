/** What users and admins can change about a call of the driver. Bookkeeping (status, marks, finalizers) is not among it. */
import { inputsOf } from '../inputs.ts';
import type { Handles } from './found.ts';
import type { Content } from './kind.ts';
import type { ContentState, DriverEffect } from './state.ts';

/** The same for the steps towards a call and for the rests after it: they share a back-off. */
export function callInputs<C extends Content>(state: ContentState<C>, effect: DriverEffect): string {
  const { kind, content, snapshotClass } = state;
  const { uid, deletionTimestamp, annotations } = content.metadata ?? {};
  const { ref, className } = kind.read(content);
  const { source, driver } = content.spec ?? {};
  const secret = [annotations?.[kind.secretAnnotations.name], annotations?.[kind.secretAnnotations.namespace]];
  // A question is the same one before and after the content is bound.
  if (effect === 'refresh-snapshot') return inputsOf(uid, askedAbout(state), className, snapshotClass?.parameters, ...secret);
  return inputsOf(
    uid,
    deletionTimestamp,
    [ref?.namespace, ref?.name, ref?.uid],
    source,
    driver,
    className,
    snapshotClass?.parameters,
    ...secret,
  );
}

/** What the driver is asked about. Undefined: nothing, as of a member of a group that is not made yet. */
export function askedAbout<C extends Content>({ kind, content }: ContentState<C>): Handles | undefined {
  const { given, saved } = kind.read(content);
  return given ?? saved;
}
