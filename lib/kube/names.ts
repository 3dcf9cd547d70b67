/** Name rules of the API server (RFC 1123), checked before a name made from user input is sent. */

const LABEL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

/** At most 63 of `a-z 0-9 -`, first and last alphanumeric: namespaces, parts of names. */
export function isDnsLabel(name: string): boolean {
  return name.length <= 63 && LABEL.test(name);
}

/** Labels joined by dots, at most 253 in all: names of most objects. Parts are not held to 63, as in Kubernetes. */
export function isDnsSubdomain(name: string): boolean {
  return name.length <= 253 && name.split('.').every((part) => LABEL.test(part));
}
