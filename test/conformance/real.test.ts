import { afterAll, beforeAll, test } from 'vitest';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import { IS_NEWEST_KUBERNETES } from '../../harness/real/binaries.ts';
import { conformanceCases } from './cases.ts';
import { installCrds, readCrds } from '../../harness/crds.ts';
import type { ServerUnderTest } from './lab.ts';
import { openLab } from './lab.ts';

/** The token is base64 of JSON with the version it reads at; version 1 was compacted away. */
function ageToken(token: string): string {
  const content = JSON.parse(Buffer.from(token, 'base64').toString('utf8')) as object;
  return Buffer.from(JSON.stringify({ ...content, rv: 1 })).toString('base64url');
}

let plane: ControlPlane;
let server: ServerUnderTest;

beforeAll(async () => {
  plane = await startControlPlane();
  server = { request: plane.raw.request, watch: plane.raw.watch, expireVersions: () => plane.compact(), ageToken };
  await installCrds(server, readCrds());
});
afterAll(() => plane.stop());

// A loop, not test.each: that one shortens the names. The sandbox is as the newest server; others say some refusals in other words.
for (const [index, { name, run }] of conformanceCases.entries()) {
  test.skipIf(!IS_NEWEST_KUBERNETES)(name, async () => run(await openLab({ server, index })));
}
