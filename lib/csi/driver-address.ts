/** Where a driver listens: an absolute path, with or without `unix://` before it, as the Go programs take it. */
const ADDRESS = /^(?:unix:(?:\/\/)?)?(\/(?!\/).+)$/;

/** The path of the socket; undefined for an address that can be none. */
export function socketPath(address: string): string | undefined {
  return ADDRESS.exec(address)?.[1];
}

/** Why `--csi-address` cannot be one, in a sentence; empty where it may be. */
export function addressFaults(address: string): string[] {
  return socketPath(address) !== undefined
    ? []
    : [
        `--csi-address=${JSON.stringify(address)}: a driver listens on a unix socket: write its absolute path, /run/csi/socket or unix:///run/csi/socket`,
      ];
}

/**
 * The operating system's code of a refused connection → what it means and what to do. Codes that nobody
 * has explained yet stand for themselves.
 */
export function refusalText(code: string): string {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'there is no such socket (ENOENT): start the driver, or correct --csi-address; in a Pod both containers need the same volume mounted there';
    case 'ECONNREFUSED':
      return 'nobody serves it (ECONNREFUSED): a driver that ended left it behind, or it is no socket; start the driver, or correct --csi-address';
    case 'EACCES':
    case 'EPERM':
      return `this user may not use it (${code}): run as the driver's user, or let the socket and its folders be reached by a group that both have`;
    default:
      return `it cannot be connected to (${code})`;
  }
}
