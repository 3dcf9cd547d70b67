import { stat } from 'node:fs/promises';
import { createConnection } from 'node:net';

/** The path of `unix:///path` or `/path`; undefined: it is neither. */
export function socketPath(address: string): string | undefined {
  const path = address.startsWith('unix://') ? address.slice('unix://'.length) : address;
  return path.startsWith('/') && !path.includes('\0') ? path : undefined;
}

/** Why nobody answers at the path, in a sentence with the remedy; undefined: somebody does. */
export async function socketFault(path: string): Promise<string | undefined> {
  try {
    if (!(await stat(path)).isSocket()) return `${path} is no socket: name the socket that the driver serves`;
  } catch (error) {
    return codeOf(error) === 'ENOENT'
      ? `${path} does not exist: start the driver, or name the socket that it serves`
      : `${path} cannot be looked at (${codeOf(error)}): run this as a user who may`;
  }
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error) => {
      const code = codeOf(error);
      if (code === 'EACCES' || code === 'EPERM') resolve(`${path} may not be opened by this user: run as root, or give the socket a group`);
      else resolve(`nobody serves ${path} (${code}): the driver has ended, start it again`);
    });
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
