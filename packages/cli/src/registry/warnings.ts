import { leftOut } from '@polywire/core';
import type { ServiceEntry } from '@polywire/core/spi';
import { styleFor, type Terminal } from '../terminal.ts';
import type { RegistryReading } from './read.ts';

/** Says on standard error what readings could not give, and what of the entries no resource can hold. */
export function warnOfReadings(readings: readonly RegistryReading[], entries: readonly ServiceEntry[], terminal: Terminal): void {
  const { red, yellow } = styleFor(terminal.stderr, terminal.environment);
  const warn = (text: string): unknown => terminal.stderr.write(`${yellow('warning')}: ${text}\n`);
  for (const entry of entries) for (const reason of leftOut(entry)) warn(leftOutText(entry.host, reason));
  for (const { failure, held, unread } of readings) {
    for (const [host, reason] of held) warn(`${host} could not be read (${reason})`);
    for (const [origin, reason] of unread) warn(unreadText(origin, reason));
    if (failure !== undefined) terminal.stderr.write(`${red('error')}: ${failure}\n`);
  }
}

export function leftOutText(host: string, reason: string): string {
  return `${host} is printed without ${reason}`;
}

export function unreadText(origin: string, reason: string): string {
  return reason === 'missing' ? `${origin} is not there; see --root and the address's chroot` : `${origin} could not be read (${reason})`;
}
