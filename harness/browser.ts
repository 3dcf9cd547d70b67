/** A Chromium without a window, told what to do over its pipes: Chrome DevTools Protocol, messages end with a zero byte. */
import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { plainEnvironment, type Stage } from './stage.ts';

export interface BrowserPage {
  /** The value of a JavaScript expression; a promise is awaited. Rejects with what it threw. */
  evaluate(expression: string): Promise<unknown>;
  /** A PNG of what is in view. */
  screenshot(): Promise<Buffer>;
}

export interface Browser {
  /** A fresh page, loaded. */
  open(url: string): Promise<BrowserPage>;
}

const WIDTH = 1280;
const HEIGHT = 800;

/** `CHROMIUM` names another program than `chromium`. It ends with the stage. Rejects if there is none. */
export async function startBrowser(stage: Stage): Promise<Browser> {
  const send = openPipe(stage);
  await send('Browser.getVersion');
  return {
    open: async (url) => {
      const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
      const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
      const tell = (method: string, params: object = {}): Promise<Answer> => send(method, params, sessionId as string);
      const evaluate = async (expression: string): Promise<unknown> => {
        const { result, exceptionDetails } = await tell('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
        if (exceptionDetails !== undefined) throw new Error(`the page failed: ${JSON.stringify(exceptionDetails)}`);
        return (result as { readonly value?: unknown }).value;
      };
      await tell('Page.enable');
      await tell('Page.navigate', { url });
      await tell('Page.bringToFront');
      await evaluate(
        "new Promise((done) => { if (document.readyState === 'complete') done(); else addEventListener('load', () => done()); })",
      );
      return {
        evaluate,
        screenshot: async () => Buffer.from((await tell('Page.captureScreenshot')).data as string, 'base64'),
      };
    },
  };
}

type Answer = Readonly<Record<string, unknown>>;
type Send = (method: string, params?: object, sessionId?: string) => Promise<Answer>;

function openPipe(stage: Stage): Send {
  const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    `--window-size=${WIDTH},${HEIGHT}`,
    '--remote-debugging-pipe',
    `--user-data-dir=${stage.dir}/browser`,
  ];
  const child = spawn(process.env['CHROMIUM'] ?? 'chromium', flags, {
    env: plainEnvironment(),
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  });
  const waiting = new Map<number, { resolve(answer: Answer): void; reject(error: Error): void }>();
  const ended = new Promise<void>((resolve) => {
    const end = (why: string): void => {
      for (const { reject } of waiting.values()) reject(new Error(why));
      resolve();
    };
    child.once('error', (error) => end(`there is no browser: ${error.message}`));
    child.once('exit', (code) => end(`the browser ended with code ${code}`));
  });
  const [orders, answers] = [child.stdio[3] as Writable, child.stdio[4] as Readable];
  orders.on('error', () => undefined);
  stage.defer(async () => {
    child.kill();
    await ended;
  });
  let rest = '';
  answers.setEncoding('utf8').on('data', (chunk: string) => {
    const messages = (rest + chunk).split('\0');
    rest = messages.pop() ?? '';
    for (const text of messages) {
      const { id, result, error } = JSON.parse(text) as { id?: number; result?: Answer; error?: { message: string } };
      const asked = waiting.get(id ?? -1);
      if (asked === undefined) continue;
      waiting.delete(id ?? -1);
      if (error === undefined) asked.resolve(result ?? {});
      else asked.reject(new Error(error.message));
    }
  });
  let last = 0;
  return (method, params = {}, sessionId) =>
    new Promise((resolve, reject) => {
      last += 1;
      waiting.set(last, { resolve, reject });
      orders.write(`${JSON.stringify({ id: last, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`);
    });
}
