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
