import { expect, test } from 'vitest';
import { createHandClock, createLogList } from '../csi/fake-driver.ts';
import { runShutdown, type ShutdownStep } from './shutdown.ts';

const never = (): Promise<void> => new Promise(() => undefined);
const step = (name: string, run: ShutdownStep['run'], limitMs = 1000): ShutdownStep => ({ name, limitMs, run });

test('steps run in order, one after the other', async () => {
  const seen: string[] = [];
  const names = ['stop intake', 'drain', 'release the lease'];
  await runShutdown(
    names.map((name) => step(name, () => void seen.push(name))),
    { clock: createHandClock(), log: createLogList(), force: new AbortController().signal },
  );
  expect(seen).toEqual(names);
});

test('a step that hangs is left behind at its limit, and its signal has fired', async () => {
  const [clock, log] = [createHandClock(), createLogList()];
  const seen: string[] = [];
  const hang = step('drain', (signal) => (signal.addEventListener('abort', () => seen.push('cut')), never()), 10_000);
  const end = runShutdown([hang, step('release', () => void seen.push('released'))], { clock, log, force: new AbortController().signal });
  await clock.advance(9_999);
  expect(seen).toEqual([]);
  await clock.advance(1);
  await end;
  expect(seen).toEqual(['cut', 'released']);
  expect(log.lines).toMatchObject([{ fields: { step: 'drain' } }]);
});

test('a step that fails does not keep the next one from running', async () => {
  const log = createLogList();
  const seen: string[] = [];
  const broken = step('flush', () => Promise.reject(new Error('no route')));
  await runShutdown([broken, step('close', () => void seen.push('closed'))], {
    clock: createHandClock(),
    log,
    force: new AbortController().signal,
  });
  expect(seen).toEqual(['closed']);
  expect(log.lines).toMatchObject([{ message: 'Shutdown step failed' }]);
});

test('a second signal cuts every step short, each told so by its signal, and nobody is warned of what was asked for', async () => {
  const force = new AbortController();
  const log = createLogList();
  const cut: boolean[] = [];
  const hang = (name: string): ShutdownStep =>
    step(name, (signal) => {
      cut.push(signal.aborted);
      signal.addEventListener('abort', () => cut.push(true));
      return never();
    });
  const end = runShutdown([hang('drain'), hang('release')], { clock: createHandClock(), log, force: force.signal });
  force.abort();
  await end;
  expect([cut, log.lines]).toEqual([[false, true, true], []]);
});
