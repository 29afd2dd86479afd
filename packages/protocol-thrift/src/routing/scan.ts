import { type CodecCore, type HeaderScan, type LookupResult, NOT_REACHED, type ScanRequest, UNREADABLE } from '@polywire/core/spi';
import { COMPACT, HEADER, type ThriftFrame, UNKNOWN } from '../frame.ts';
import { InfoReader } from '../header.ts';
import { CUT } from '../varint.ts';
import { DONE } from '../walk/skipper.ts';
import { FIELD, StructReader } from '../walk/struct-reader.ts';
import { encodingName, transportName } from './describe.ts';
import { nameSource } from './names.ts';
import { valueText } from './value-text.ts';

interface WantedInfo {
  readonly key: Buffer;
  readonly outputs: number[];
}

interface WantedArgument {
  readonly id: number;
  readonly output: number;
}

/** Several names in one walk over the infos and one over the arguments. The wire holds no timeout, and nothing that binds a connection. */
export class ThriftScan implements HeaderScan<ThriftFrame> {
  readonly values: LookupResult[];
  readonly timeoutMs = 0;
  readonly bindsConnection = false;
  readonly #core: CodecCore;
  readonly #infos: WantedInfo[] = [];
  readonly #arguments: WantedArgument[] = [];
  /** By index in `#arguments`: 1 when its field was there. */
  readonly #found: Uint8Array;
  readonly #transports: number[] = [];
  readonly #encodings: number[] = [];
  readonly #infoReader = new InfoReader();
  readonly #structReader = new StructReader();

  constructor(core: CodecCore, request: ScanRequest) {
    this.#core = core;
    this.values = request.names.map(() => undefined);
    request.names.forEach((name, output) => {
      this.#compile(name, output);
    });
    this.#found = new Uint8Array(this.#arguments.length);
  }

  run(frame: ThriftFrame): void {
    const { values } = this;
    for (let i = 0; i < values.length; i++) values[i] = undefined;
    for (const output of this.#transports) values[output] = transportName(frame);
    for (const output of this.#encodings) values[output] = encodingName(frame);
    if (this.#infos.length > 0 && frame.transport === HEADER) this.#runInfos(frame);
    if (this.#arguments.length > 0 && frame.kind !== 'response') this.#runArguments(frame);
  }

  #compile(name: string, output: number): void {
    const source = nameSource(name);
    if (source.from === 'transport') this.#transports.push(output);
    else if (source.from === 'encoding') this.#encodings.push(output);
    else if (source.from === 'argument') this.#arguments.push({ id: source.id, output });
    else if (source.from === 'info') {
      const key = Buffer.from(source.key);
      const known = this.#infos.find((info) => info.key.equals(key));
      if (known === undefined) this.#infos.push({ key, outputs: [output] });
      else known.outputs.push(output);
    }
  }

  /** As in the map that libraries make of infos, the last of equal keys counts. */
  #runInfos(frame: ThriftFrame): void {
    const reader = this.#infoReader;
    if (frame.infosAt !== UNKNOWN) {
      reader.open(frame);
      while (reader.next()) this.#info(frame.chunk);
      if (!reader.malformed) return;
    }
    for (const { outputs } of this.#infos) for (const output of outputs) this.values[output] = UNREADABLE;
  }

  #info(chunk: Buffer): void {
    const reader = this.#infoReader;
    const infos = this.#infos;
    for (let i = 0; i < infos.length; i++) {
      const { key, outputs } = infos[i]!;
      if (!equals(chunk, reader.keyAt, reader.keyEnd, key)) continue;
      const value = this.#core.intern(chunk, reader.valueAt, reader.valueEnd);
      for (let j = 0; j < outputs.length; j++) this.values[outputs[j]!] = value;
    }
  }

  /** The first field of an id counts: a front must not say otherwise than the whole frame. */
  #runArguments(frame: ThriftFrame): void {
    const { chunk, from, to, length, bodyAt } = frame;
    const reader = this.#structReader;
    let left = this.#arguments.length;
    this.#found.fill(0);
    if (bodyAt === UNKNOWN) return this.#failed(UNREADABLE);
    reader.open(chunk, from + bodyAt, to, from + length, frame.encoding === COMPACT);
    while (left > 0) {
      const next = reader.next();
      if (next === DONE) return;
      const passed = next === FIELD ? reader.skip() : next;
      if (passed !== DONE) return this.#failed(passed === CUT && to - from < length ? NOT_REACHED : UNREADABLE);
      if (this.#argument()) left--;
    }
  }

  /** Whether the field that was passed is wanted. */
  #argument(): boolean {
    const reader = this.#structReader;
    for (let i = 0; i < this.#arguments.length; i++) {
      const { id, output } = this.#arguments[i]!;
      if (id !== reader.id || this.#found[i] === 1) continue;
      this.#found[i] = 1;
      this.values[output] = valueText(reader, this.#core);
      return true;
    }
    return false;
  }

  /** Why all that were not found were not. */
  #failed(reason: LookupResult): void {
    for (let i = 0; i < this.#arguments.length; i++) if (this.#found[i] === 0) this.values[this.#arguments[i]!.output] = reason;
  }
}

function equals(chunk: Buffer, from: number, to: number, key: Buffer): boolean {
  if (to - from !== key.length) return false;
  for (let i = 0; i < key.length; i++) if (chunk[from + i] !== key[i]) return false;
  return true;
}
