import { type CodecCore, type HeaderScan, type LookupResult, NOT_REACHED, type ScanRequest, UNREADABLE } from '@polywire/core/spi';
import type { BoltFrame } from '../frame.ts';
import type { FrontReader } from './front.ts';
import { HeaderMap } from './header-map.ts';
import { nameSource } from './names.ts';

/** A header that is looked for. */
interface Wanted {
  readonly key: Buffer;
  /** Indices into `values`; several names can mean one header. */
  readonly outputs: number[];
}

/** What needs no walk. */
interface Other {
  readonly output: number;
  readonly from: 'version' | 'unique-id' | 'class' | 'argument';
  readonly index: number;
}

/** Several names in one walk over the headers, all of which a frame has at hand. The last of equal keys counts, as in Java's HashMap. */
export class BoltScan implements HeaderScan<BoltFrame> {
  readonly values: LookupResult[];
  timeoutMs = 0;
  readonly bindsConnection = false;

  readonly #core: CodecCore;
  readonly #front: FrontReader;
  readonly #map: HeaderMap = new HeaderMap();
  readonly #timeout: boolean;
  readonly #others: Other[] = [];
  readonly #headers: Wanted[] = [];
  /** By length of a key: the headers with such a key. */
  readonly #byLength: (Wanted[] | undefined)[] = [];

  constructor(core: CodecCore, front: FrontReader, request: ScanRequest) {
    this.#core = core;
    this.#front = front;
    this.#timeout = request.timeout;
    this.values = request.names.map(() => undefined);
    request.names.forEach((name, output) => {
      const source = nameSource(name);
      if (source.from === 'header') this.#want(source.key, output);
      else if (source.from === 'argument') this.#others.push({ output, from: source.from, index: source.index });
      else if (source.from !== 'nothing') this.#others.push({ output, from: source.from, index: -1 });
    });
  }

  run(frame: BoltFrame): void {
    const { values } = this;
    const known = frame.defect === undefined && !frame.opaque;
    for (let i = 0; i < values.length; i++) values[i] = undefined;
    this.timeoutMs = this.#timeout && frame.kind !== 'response' && frame.timeoutOrStatus > 0 ? frame.timeoutOrStatus : 0;
    if (this.#headers.length > 0) this.#runHeaders(frame, known);
    const others = this.#others;
    for (let i = 0; i < others.length; i++) values[others[i]!.output] = this.#other(frame, others[i]!, known);
  }

  #want(key: string, output: number): void {
    const bytes = Buffer.from(key);
    let wanted = this.#headers.find((other) => other.key.equals(bytes));
    if (wanted === undefined) {
      wanted = { key: bytes, outputs: [] };
      this.#headers.push(wanted);
      for (let length = this.#byLength.length; length <= bytes.length; length++) this.#byLength.push(undefined);
      this.#byLength[bytes.length] = [...(this.#byLength[bytes.length] ?? []), wanted];
    }
    wanted.outputs.push(output);
  }

  #runHeaders(frame: BoltFrame, known: boolean): void {
    const map = this.#map;
    const byLength = this.#byLength;
    if (known) {
      map.begin(frame);
      while (map.next()) {
        const length = map.keyEnd - map.keyAt;
        const candidates = length < byLength.length ? byLength[length] : undefined;
        if (candidates !== undefined) this.#take(frame.chunk, candidates);
      }
      if (!map.broken) return;
    }
    for (const { outputs } of this.#headers) for (const output of outputs) this.values[output] = UNREADABLE;
  }

  #take(chunk: Buffer, candidates: readonly Wanted[]): void {
    const map = this.#map;
    for (let i = 0; i < candidates.length; i++) {
      const { key, outputs } = candidates[i]!;
      if (!map.isKey(key)) continue;
      const value = this.#core.intern(chunk, map.valueAt, map.valueEnd);
      for (let j = 0; j < outputs.length; j++) this.values[outputs[j]!] = value;
      return;
    }
  }

  #other(frame: BoltFrame, { from, index }: Other, known: boolean): LookupResult {
    if (from === 'class') return classOf(frame, this.#core);
    if (!known) return UNREADABLE;
    if (from === 'version') return frame.version;
    if (from === 'unique-id') return uniqueIdOf(frame);
    const found = this.#front.argument(frame, index);
    return found === null ? UNREADABLE : found === false ? NOT_REACHED : found;
  }
}

/** The class that a frame names, if its name is at hand. */
export function classOf(frame: BoltFrame, core: CodecCore): LookupResult {
  const { chunk, from, to, classAt, headersAt } = frame;
  if (from + headersAt > to) return NOT_REACHED;
  return headersAt > classAt ? core.intern(chunk, from + classAt, from + headersAt) : undefined;
}

/** What follows the version in a service's unique name. */
export function uniqueIdOf({ version }: BoltFrame): string | undefined {
  const colon = version === undefined ? -1 : version.indexOf(':');
  return colon < 0 ? undefined : version?.slice(colon + 1);
}
