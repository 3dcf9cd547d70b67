/** How the Leases of a driver's journal are found: by one label. */
import { createHash } from 'node:crypto';

/** A driver name is a legal label value as a rule; another one is told by its digest. */
export function driverLabel(driver: string): string {
  return /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(driver) ? driver : `sha256-${digest(driver).slice(0, 40)}`;
}

/** SHA-256 in hexadecimal digits. */
export function digest(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}
