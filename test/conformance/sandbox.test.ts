import { afterAll, beforeAll, test } from 'vitest';
import { conformanceCases } from './cases.ts';
import { installCrds, readCrds } from '../harness/crds.ts';
import { openLab } from './lab.ts';
import type { SandboxServer } from './sandbox-server.ts';
import { startSandboxServer } from './sandbox-server.ts';

let server: SandboxServer;
beforeAll(async () => {
  server = startSandboxServer();
  await installCrds(server, readCrds());
});
afterAll(() => server.stop());

test.each(conformanceCases.map((entry, index) => ({ ...entry, index })))('$name', async ({ run, index }) => {
  await run(await openLab({ server, index }));
});
