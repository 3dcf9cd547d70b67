/**
 * The Go program's words about contents, byte for byte (peer-words.ts says why). Those about groups differ from those about
 * single snapshots by their nouns.
 */
import { notUpdated, quote } from '../peer-words.ts';
import type { Content, ContentKind } from './kind.ts';

/** A kind and the name of a content of it. */
export interface Named<C extends Content> {
  readonly kind: ContentKind<C>;
  readonly content: C;
}

const nameOf = ({ metadata }: Content): string => metadata?.name ?? '';

/** What the request is made of (class, secret) is not there. */
export function noInput<C extends Content>({ kind, content }: Named<C>, why: string): string {
  return `failed to get input parameters to create ${kind.noun} for ${kind.contentNoun} ${nameOf(content)}: ${quote(why)}`;
}

export function noClass<C extends Content>(named: Named<C>): string {
  const { noun } = named.kind;
  return noInput(named, `failed to take ${noun} ${nameOf(named.content)} without a ${noun} class`);
}

export function classNotFound<C extends Content>({ classKind, resource }: ContentKind<C>, className: string): string {
  return `${classKind.toLowerCase()}.${resource.group} ${quote(className)} not found`;
}

export function notTaken<C extends Content>({ kind, content }: Named<C>, why: string): string {
  return `failed to take ${kind.noun} of the ${kind.nameVolumes(kind.read(content).sources ?? [])}: ${quote(why)}`;
}

export function notBound<C extends Content>(named: Named<C>): string {
  const { noun } = named.kind;
  return notTaken(named, `cannot create ${noun}. ${capital(noun)} content ${nameOf(named.content)} not bound to a ${noun}`);
}

export function noSources<C extends Content>(named: Named<C>): string {
  const { noun, sourcesNoun } = named.kind;
  return notTaken(named, `cannot create ${noun}. ${sourcesNoun} not found in ${noun} content ${nameOf(named.content)}`);
}

/** `why`: of the read, or of the class. */
export function notAsked<C extends Content>({ kind, content }: Named<C>, what: string, why: string): string {
  return `failed to get ${what} for ${kind.noun} content ${nameOf(content)}: ${why}`;
}

export function notListed<C extends Content>({ kind, content }: Named<C>, why: string): string {
  return `failed to list ${kind.noun} for ${kind.contentNoun} ${nameOf(content)}: ${quote(why)}`;
}

export function emptySecret<C extends Content>({ kind, content }: Named<C>): string {
  return `cannot retrieve secrets for ${kind.noun} content ${quote(nameOf(content))}, err: secret name or namespace not specified`;
}

export function noCredentials<C extends Content>({ kind, content }: Named<C>): string {
  return `cannot get credentials for ${kind.noun} content ${quote(nameOf(content))}`;
}

/** The mark being-created could not be set or taken away. */
export function notMarked<C extends Content>(
  { kind, content }: Named<C>,
  what: 'add' | 'remove' | 'remove after a failure',
  why: string,
): string {
  const name = nameOf(content);
  const mark = `${kind.ownerKind}BeingCreated annotation`;
  switch (what) {
    case 'add':
      return `failed to add ${mark} on the ${kind.contentNoun} ${name}: ${quote(notUpdated(name, why))}`;
    case 'remove':
      return `failed to remove ${mark} on the ${kind.unmarkedNoun} ${name}: ${quote(notUpdated(name, why))}`;
    case 'remove after a failure':
      return `failed to remove ${mark} from the ${kind.contentNoun} ${name}: ${notUpdated(name, why)}`;
    default:
      return what satisfies never;
  }
}

export function notWritten<C extends Content>({ kind, content }: Named<C>, why: string): string {
  return `error updating status for volume ${kind.noun} content ${nameOf(content)}: ${notUpdated(nameOf(content), why)}`;
}

function capital(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}
