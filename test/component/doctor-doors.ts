/** Real doors that write down every request which is no GET. */
import type { Doors } from '../../lib/doors/doors.ts';
import { openDoors } from '../../lib/process/doors/open-doors.ts';

export function watchedDoors(writes: string[]): Doors {
  const doors = openDoors();
  return {
    ...doors,
    http: (target) => {
      const door = doors.http(target);
      return {
        exchange: (request, signal) => {
          if (request.method !== 'GET') writes.push(`${request.method} ${request.path}`);
          return door.exchange(request, signal);
        },
        stream: (request, signal) => door.stream(request, signal),
        close: () => door.close(),
      };
    },
  };
}

/** The same doors, and a server that lets nobody list this kind. */
export function refusingDoors(doors: Doors, plural: string): Doors {
  const body = new TextEncoder().encode(JSON.stringify({ kind: 'Status', code: 403, reason: 'Forbidden', message: 'not you' }));
  return {
    ...doors,
    http: (target) => {
      const door = doors.http(target);
      return {
        ...door,
        exchange: (request, signal) =>
          request.path.split('?')[0]?.endsWith(`/${plural}`) === true
            ? Promise.resolve({ status: 403, headers: { 'content-type': 'application/json' }, body })
            : door.exchange(request, signal),
      };
    },
  };
}
