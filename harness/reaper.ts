import { spawn } from 'node:child_process';

/**
 * A last resort for what a test run leaves behind: a small process of its own session that is told
 * which process groups and folders exist, and removes them when its standard input closes, which the
 * operating system does however the runner ends (SIGKILL and out-of-memory included).
 */
export interface Reaper {
  watch(processGroup: number): void;
  forget(processGroup: number): void;
  removeAfter(folder: string): void;
  /** Nothing is left to guard: the reaper ends without doing anything to what was forgotten. */
  close(): void;
}

// Given to `node -e`, so that the reaper needs no file of its own and works from a bundle too.
const SCRIPT = `
const groups = new Set(), folders = new Set();
let rest = '';
process.stdin.on('data', (chunk) => {
  const lines = (rest + chunk).split('\\n');
  rest = lines.pop();
  for (const line of lines) {
    const value = line.slice(1);
    if (line[0] === '+') groups.add(Number(value));
    if (line[0] === '-') groups.delete(Number(value));
    if (line[0] === 'd') folders.add(value);
  }
});
process.stdin.on('end', () => {
  for (const group of groups) { try { process.kill(-group, 'SIGKILL'); } catch {} }
  for (const folder of folders) { try { require('node:fs').rmSync(folder, { recursive: true, force: true, maxRetries: 5 }); } catch {} }
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
`;

export function startReaper(): Reaper {
  const child = spawn(process.execPath, ['-e', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.unref();
  // A pipe is a socket, and an open socket would keep the runner alive.
  if ('unref' in child.stdin && typeof child.stdin.unref === 'function') child.stdin.unref();
  child.stdin.on('error', () => undefined);
  const tell = (line: string): void => {
    child.stdin.write(`${line}\n`);
  };
  return {
    watch: (group) => tell(`+${group}`),
    forget: (group) => tell(`-${group}`),
    removeAfter: (folder) => tell(`d${folder}`),
    close: () => child.stdin.end(),
  };
}
