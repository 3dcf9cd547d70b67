import { access, constants, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText } from '../../../lib/errors/error-text.ts';
import { ConfigError } from '../../../lib/errors/config-error.ts';
import { paintFor } from '../../frame/screen.ts';
import type { TryReport } from '../record.ts';
import { reportAsJson } from './json.ts';
import { reportAsJunit } from './junit.ts';
import { reportAsPage } from './page/page.ts';
import { reportLines } from './text.ts';

/** Before anything is tried: a report that cannot be kept is better known now. */
export async function openFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (error) {
    throw new ConfigError(`--report=${folder} cannot be made: ${errorText(error)}`, { cause: error });
  }
}

/** The report in all its forms; answers the page's path. */
export async function writeReports(folder: string, report: TryReport): Promise<string> {
  const page = join(folder, 'report.html');
  const json = { schema: 'csi-sidecars/try.v1', ...reportAsJson(report) };
  await writeFile(join(folder, 'report.json'), `${JSON.stringify(json, undefined, 2)}\n`);
  await writeFile(join(folder, 'report.txt'), `${reportLines(report, paintFor({ colours: false })).join('\n')}\n`);
  await writeFile(join(folder, 'junit.xml'), reportAsJunit(report));
  await writeFile(page, reportAsPage(report));
  return page;
}
