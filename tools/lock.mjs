// Rewrites package-lock.json so that `npm ci` accepts it on every platform.
//
// `npm install` records only those platform-specific optional packages that the registry in use
// could serve; `npm ci` then refuses the lock as incomplete. For every optional dependency without
// an entry this adds the one npm would have written: version, os and cpu, marked optional.
// Run as `npm run lock` after every change of a dependency.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

execFileSync('npm', ['install', '--ignore-scripts', '--no-audit'], { stdio: 'inherit' });

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
const OS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const CPU = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'mips64', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];

let added = 0;
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    const nested = `${path}/node_modules/${name}`;
    const top = `node_modules/${name}`;
    if (path !== '' && (lock.packages[nested] || lock.packages[top])) continue;
    if (path === '' && lock.packages[top]) continue;
    const words = name.split(/[/_-]/);
    const os = OS.find((o) => words.includes(o)) ?? (words.includes('windows') ? 'win32' : undefined);
    const cpu = CPU.find((c) => words.includes(c)) ?? (words.includes('x86') ? 'x64' : undefined);
    lock.packages[top] = {
      version: range.replace(/^[^0-9]*/, ''),
      ...(cpu ? { cpu: [cpu] } : {}),
      ...(entry.dev ? { dev: true } : {}),
      optional: true,
      ...(os ? { os: [os] } : {}),
    };
    added += 1;
  }
}
const [root, ...rest] = Object.entries(lock.packages);
lock.packages = Object.fromEntries([root, ...rest.sort(([a], [b]) => (a < b ? -1 : 1))]);
for (const entry of Object.values(lock.packages)) delete entry.resolved;
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`package-lock.json: ${added} optional package(s) added`);
