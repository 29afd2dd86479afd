import { readFileSync } from 'node:fs';

const DATA = new URL('../../test-data/', import.meta.url);

interface Vector {
  readonly src: string;
  readonly hex: string;
}

const vectors = new Map<string, Vector>(Object.entries(JSON.parse(read('vectors.json').toString())));

/** Recorded bytes by their name in test-data/vectors.json. */
export function vector(name: string): Buffer {
  const found = vectors.get(name);
  if (found === undefined) throw new Error(`no vector ${name}`);
  return Buffer.from(found.hex, 'hex');
}

/** A frame that a peer sent: test-data/captures. */
export interface Capture {
  readonly name: string;
  readonly client: string;
  readonly server: string;
  /** `1`, `2.1` or `2.2`: the protocol, and the version of its second. */
  readonly bolt: string;
  readonly serialization: string;
  readonly direction: 'up' | 'down';
  readonly kind: 'request' | 'one-way' | 'response' | 'heartbeat' | 'heartbeat acknowledgement';
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

/** All of them, in the order in which they were sent. */
export const captures: readonly Capture[] = read('captures/index.jsonl')
  .toString()
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line));

const files = new Map([...new Set(captures.map(({ file }) => file))].map((file) => [file, read(`captures/${file}`)]));

/** A copy of a recorded frame's bytes. */
export function bytesOfCapture({ file, offset, length }: Capture): Buffer {
  return Buffer.from(files.get(file)?.subarray(offset, offset + length) ?? []);
}

/** The first frame of that kind with the given name, protocol and serialization that Java sent to Java. */
export function capture(kind: Capture['kind'], name: string, bolt = '1'): Buffer {
  const found = captures.find((each) => each.kind === kind && each.name === name && each.bolt === bolt && each.client === 'java');
  if (found === undefined) throw new Error(`no ${kind} "${name}" of Bolt ${bolt} was recorded`);
  return bytesOfCapture(found);
}

function read(file: string): Buffer {
  return readFileSync(new URL(file, DATA));
}
