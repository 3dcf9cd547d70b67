import type { Logger } from '../../lib/doors/log.ts';

/** For calls whose failures the verb tells itself. */
export const SILENT: Logger = { error: quiet, warn: quiet, info: quiet, debug: quiet, child: () => SILENT };

export function quiet(): void {}
