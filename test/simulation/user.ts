/** A person with kubectl: acts on the API server at once, waits in virtual time. */
import type { HttpAnswer, HttpRequest } from '../../lib/doors/http.ts';
import { parseJson } from '../../lib/kube/json.ts';
import { INT64_FIELDS } from '../../lib/kube/resources.ts';
import type { KubeObject } from '../../lib/kube/objects.ts';
import type { Scheduler } from './scheduler.ts';

export interface UserAnswer {
  readonly status: number;
  readonly object: KubeObject & { readonly items?: readonly KubeObject[]; readonly message?: string };
}

const POLL_MS = 100;

export class User {
  private readonly scheduler: Scheduler;
  private readonly handle: (request: HttpRequest) => Promise<HttpAnswer>;

  constructor(scheduler: Scheduler, handle: (request: HttpRequest) => Promise<HttpAnswer>) {
    this.scheduler = scheduler;
    this.handle = handle;
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.scheduler.after(ms, 'user waits', resolve);
    });
  }

  /** True once `condition` holds, false if it did not within `limitMs` of virtual time. */
  async until(condition: () => boolean, limitMs: number): Promise<boolean> {
    for (let waited = 0; waited <= limitMs; waited += POLL_MS) {
      if (condition()) return true;
      await this.pause(POLL_MS);
    }
    return false;
  }

  create(path: string, body: object): Promise<UserAnswer> {
    return this.send('POST', path, { body });
  }

  remove(path: string): Promise<UserAnswer> {
    return this.send('DELETE', path, {});
  }

  get(path: string): Promise<UserAnswer> {
    return this.send('GET', path, {});
  }

  /** A merge patch. */
  edit(path: string, body: object): Promise<UserAnswer> {
    return this.send('PATCH', path, { body, type: 'application/merge-patch+json' });
  }

  replace(path: string, body: object): Promise<UserAnswer> {
    return this.send('PUT', path, { body });
  }

  private async send(
    method: HttpRequest['method'],
    path: string,
    content: { readonly body?: object; readonly type?: string },
  ): Promise<UserAnswer> {
    const encoded = content.body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(content.body));
    const answer = await this.handle({
      method,
      path,
      headers: { accept: 'application/json', 'content-type': content.type ?? 'application/json', 'user-agent': 'user' },
      ...(encoded === undefined ? {} : { body: encoded }),
    });
    this.scheduler.note(`user ${method} ${path} ${answer.status}`);
    const object = parseJson(new TextDecoder().decode(answer.body), INT64_FIELDS) as UserAnswer['object'];
    return { status: answer.status, object };
  }
}
