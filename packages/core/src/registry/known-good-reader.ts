import { type FileHandle, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { messageOf } from '../errors/message-of.ts';
import { type KnownGoodHeader, parseEntry, parseHeader } from './known-good-format.ts';
import { loopShare } from './loop-share.ts';
import type { ServiceEntry } from './registry.ts';

/** What a file of last known services holds. */
export interface KnownGood {
  readonly time: number;
  readonly entries: readonly ServiceEntry[];
}

/** A larger file is not Polywire's: 10,000 services of 5 endpoints take 60 MiB. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;
/** Lines that are named when they cannot be read; of more, the number is said. */
const NAMED_FAULTS = 5;

/**
 * Reads a file of last known services. What cannot be read is left out and said; nothing is made up for it.
 * @param registry whose services they must be
 * @param warn takes one text for each thing that is wrong, with file and line
 * @returns undefined when there is no such file, or when it is not to be used
 */
export async function readKnownGood(file: string, registry: string, warn: (message: string) => void): Promise<KnownGood | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) warn(`${file} is not used: ${messageOf(error)}`);
    return undefined;
  }
  try {
    const { size } = await handle.stat();
    if (size > MAX_FILE_BYTES) throw new Error(`it has ${size} bytes, more than ${MAX_FILE_BYTES}`);
    return await readLines(handle, { file, registry, warn });
  } catch (error) {
    warn(`${file} is not used: ${messageOf(error)}`);
    return undefined;
  } finally {
    await handle.close();
  }
}

interface Reading {
  readonly file: string;
  readonly registry: string;
  readonly warn: (message: string) => void;
}

async function readLines(handle: FileHandle, { file, registry, warn }: Reading): Promise<KnownGood | undefined> {
  const lines = createInterface({
    input: handle.createReadStream({ encoding: 'utf8', autoClose: false }),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  const entries = new Map<string, ServiceEntry>();
  let header: KnownGoodHeader | undefined;
  let number = 0;
  let faults = 0;
  for await (const line of lines) {
    while (loopShare.isSpent) await loopShare.next();
    number++;
    try {
      if (header === undefined) {
        header = parseHeader(line);
        if (header.registry !== registry) throw new Error(`it is of the registry "${header.registry}", not of "${registry}"`);
        continue;
      }
      const entry = parseEntry(line);
      if (entries.has(entry.host)) throw new Error(`${entry.host} was there before`);
      entries.set(entry.host, entry);
    } catch (error) {
      if (number === 1) {
        warn(`${file}:1: the file is not used: ${messageOf(error)}`);
        return undefined;
      }
      faults++;
      if (faults <= NAMED_FAULTS) warn(`${file}:${number}: the service in this line is left out: ${messageOf(error)}`);
    }
  }
  if (header === undefined) throw new Error('it is empty');
  if (faults > NAMED_FAULTS) warn(`${file}: ${faults} lines could not be read`);
  const { services, time } = header;
  if (number - 1 !== services) warn(`${file}:${number}: the file ends after ${number - 1} of ${services} services`);
  return { time, entries: [...entries.values()] };
}
