/** What is asked of etcd itself, through its JSON gateway: no client library is needed. */

/** Forgets all versions but the newest. */
export async function compactEtcd(url: string): Promise<void> {
  const { header } = (await ask(url, '/v3/kv/range', { key: base64('/'), limit: '1' })) as { header: { revision: string } };
  await ask(url, '/v3/kv/compaction', { revision: header.revision, physical: true });
}

/** The most that etcd does in one transaction is 128. */
const OF_A_TRANSACTION = 100;

/** Writes objects by their keys, past the API server, which reads JSON of every kind and hears of them by its watches. */
export async function putInEtcd(url: string, entries: Iterable<readonly [key: string, object: object]>): Promise<void> {
  let puts: object[] = [];
  const flush = async (): Promise<void> => {
    if (puts.length > 0) await ask(url, '/v3/kv/txn', { success: puts });
    puts = [];
  };
  for (const [key, object] of entries) {
    puts.push({ requestPut: { key: base64(key), value: base64(JSON.stringify(object)) } });
    if (puts.length === OF_A_TRANSACTION) await flush();
  }
  await flush();
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

async function ask(url: string, path: string, body: object): Promise<unknown> {
  const answer = await fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`etcd ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
