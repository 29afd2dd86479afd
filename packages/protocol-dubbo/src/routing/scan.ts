import { type CodecCore, type HeaderScan, type LookupResult, NOT_REACHED, type ScanRequest, UNREADABLE } from '@polywire/core/spi';
import { type DubboFrame, UNKNOWN } from '../frame.ts';
import type { Serializations } from '../serialization/index.ts';
import { ABSENT, type BodyReader, FAILED, OPENED } from '../serialization/serialization.ts';
import { openAttachments } from './attachments.ts';
import { isGeneric, readArgument, readVersion } from './front-values.ts';
import { nameSource } from './names.ts';

/** Marks an argument of callback type, with its index behind: the service will call back over this connection. */
const CALLBACK_PREFIX: Buffer = Buffer.from('sys_callback_arg-');
const TIMEOUT = 'timeout';
const REMAINING: readonly string[] = ['_TO', '_to'];

/** In the table of keys to stop at. */
const NOWHERE = -1;
const ANYWHERE = 256;

/** An attachment that is looked for. */
interface Wanted {
  readonly key: string;
  readonly bytes: Buffer;
  /** Indices into `values`; several names can mean one attachment. */
  readonly outputs: number[];
  /** Of `outputs`, those for which an empty value is none. */
  readonly emptyIsAbsent: Set<number>;
}

/**
 * Several names, the timeout and the callback mark in one walk over the attachments. As in the HashMap that Java builds of them, the
 * last of equal keys counts, so a walk ends at the attachments' end, not at the first match.
 */
export class DubboScan implements HeaderScan<DubboFrame> {
  readonly values: LookupResult[];
  timeoutMs = 0;
  bindsConnection = false;

  readonly #core: CodecCore;
  readonly #serializations: Serializations;
  readonly #wanted: Wanted[] = [];
  /** Indices into `values`. */
  readonly #attachments: number[] = [];
  readonly #arguments: { readonly output: number; readonly index: number }[] = [];
  readonly #versions: number[] = [];
  readonly #affinity: boolean;
  readonly #walks: boolean;
  /** Index into `#wanted` of the keys that hold times; they come first. */
  readonly #times: number;
  /** By length of a key: the first byte of a wanted one, 256 when several begin differently, -1 when none is as long. */
  readonly #stops: Int16Array = new Int16Array(256).fill(NOWHERE);
  #remainingMs = 0;
  #wholeMs = 0;

  constructor(core: CodecCore, serializations: Serializations, request: ScanRequest) {
    this.#core = core;
    this.#serializations = serializations;
    this.values = request.names.map(() => undefined);
    this.#affinity = request.affinity;
    if (request.timeout) for (const key of [TIMEOUT, ...REMAINING]) this.#want(key);
    this.#times = this.#wanted.length;
    request.names.forEach((name, output) => {
      this.#compile(name, output);
    });
    this.#walks = this.#wanted.length > 0 || this.#affinity;
    if (this.#affinity) for (let length = CALLBACK_PREFIX.length + 1; length < 256; length++) this.#stopAt(length, CALLBACK_PREFIX[0]!);
  }

  run(frame: DubboFrame): void {
    const { values } = this;
    for (let i = 0; i < values.length; i++) values[i] = undefined;
    this.timeoutMs = 0;
    this.#remainingMs = 0;
    this.#wholeMs = 0;
    this.bindsConnection = false;
    const reader = this.#serializations[frame.format]!.reader;
    if (reader === undefined || (frame.kind !== 'response' && frame.versionAt === UNKNOWN)) {
      for (let i = 0; i < values.length; i++) values[i] = UNREADABLE;
      return;
    }
    if (frame.kind !== 'response' && (this.#versions.length > 0 || this.#arguments.length > 0)) this.#runFront(frame, reader);
    if (this.#walks) this.#runAttachments(frame, reader);
  }

  #compile(name: string, output: number): void {
    const source = nameSource(name);
    if (source.from === 'version') {
      this.#versions.push(output);
    } else if (source.from === 'argument') {
      this.#arguments.push({ output, index: source.index });
    } else {
      this.#attachments.push(output);
      const wanted = this.#want(source.key);
      wanted.outputs.push(output);
      if (source.emptyIsAbsent) wanted.emptyIsAbsent.add(output);
    }
  }

  #want(key: string): Wanted {
    let wanted = this.#wanted.find((other) => other.key === key);
    if (wanted === undefined) {
      wanted = { key, bytes: Buffer.from(key), outputs: [], emptyIsAbsent: new Set() };
      this.#stopAt(wanted.bytes.length, wanted.bytes[0] ?? ANYWHERE);
      this.#wanted.push(wanted);
    }
    return wanted;
  }

  #stopAt(length: number, first: number): void {
    const index = length & 255;
    const before = this.#stops[index]!;
    this.#stops[index] = before === NOWHERE || before === first ? first : ANYWHERE;
  }

  #runFront(frame: DubboFrame, reader: BodyReader): void {
    for (const output of this.#versions) this.values[output] = readVersion(frame, reader, this.#core);
    if (this.#arguments.length === 0) return;
    const generic = isGeneric(frame);
    for (const { output, index } of this.#arguments) this.values[output] = readArgument(frame, reader, this.#core, index, generic);
  }

  #runAttachments(frame: DubboFrame, reader: BodyReader): void {
    let found: number = openAttachments(frame, reader);
    while (found === OPENED) {
      reader.skipPlainEntries?.(this.#stops);
      found = reader.nextKey();
      if (found === OPENED && !this.#entry(frame, reader)) found = FAILED;
    }
    if (found === ABSENT) return;
    // A later entry could say otherwise, so what was found so far is not known either. A time limit is the better for being early.
    const reason = reader.frontOnly === true || reader.malformed || frame.to - frame.from >= frame.length ? UNREADABLE : NOT_REACHED;
    for (const output of this.#attachments) this.values[output] = reason;
  }

  /** Moves behind the value of the key that was just passed. */
  #entry(frame: DubboFrame, reader: BodyReader): boolean {
    const index = reader.plain ? this.#indexOf(frame.chunk, reader.from, reader.to) : this.#indexOfText(reader.text());
    if (index < 0) return reader.skipValue();
    if (index < this.#times) return this.#time(reader, index);
    const value = reader.readValue(this.#core);
    if (typeof value === 'symbol') return false;
    const wanted = this.#wanted[index]!;
    const { outputs } = wanted;
    for (let i = 0; i < outputs.length; i++) {
      const output = outputs[i]!;
      this.values[output] = value === '' && wanted.emptyIsAbsent.has(output) ? undefined : value;
    }
    return true;
  }

  #time(reader: BodyReader, index: number): boolean {
    const wanted = this.#wanted[index]!;
    const millis = wanted.outputs.length === 0 ? reader.readMillis() : this.#timeAndText(reader, wanted.outputs);
    if (millis < 0) return false;
    if (index > 0 && millis > 0) this.#remainingMs = millis;
    if (index === 0) this.#wholeMs = millis;
    this.timeoutMs = this.#remainingMs > 0 ? this.#remainingMs : this.#wholeMs;
    return true;
  }

  /** A rule looks at a time, too. */
  #timeAndText(reader: BodyReader, outputs: readonly number[]): number {
    const value = reader.readValue(this.#core);
    if (typeof value === 'symbol') return FAILED;
    for (const output of outputs) this.values[output] = value;
    return value === undefined || !/^\d+(\.\d+)?$/.test(value) ? 0 : Math.min(0x7fffffff, Math.ceil(Number(value)));
  }

  #indexOf(chunk: Buffer, from: number, to: number): number {
    const length = to - from;
    if (this.#affinity && length > CALLBACK_PREFIX.length && startsWith(chunk, from, CALLBACK_PREFIX)) this.bindsConnection = true;
    if (this.#stops[length & 255] === NOWHERE) return -1;
    const wanted = this.#wanted;
    for (let i = 0; i < wanted.length; i++) {
      const { bytes } = wanted[i]!;
      if (bytes.length === length && startsWith(chunk, from, bytes)) return i;
    }
    return -1;
  }

  #indexOfText(key: string): number {
    return this.#wanted.findIndex((wanted) => wanted.key === key);
  }
}

function startsWith(chunk: Buffer, from: number, prefix: Buffer): boolean {
  for (let i = 0; i < prefix.length; i++) if (chunk[from + i] !== prefix[i]) return false;
  return true;
}
