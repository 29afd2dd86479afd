import { type CodecCore, ConfigError, type HeaderScan, type Outcome, type Routing, type ScanRequest } from '@polywire/core/spi';
import { HeaderWalk, type LineFrame } from './line-frame.ts';

const TIMEOUT = 'timeout';
const LONGEST_TIMEOUT = 9;

/** First words behind ERR that say more than failure, the proxy's own among them. */
const OUTCOMES: ReadonlyMap<string, Outcome> = new Map([
  ['business', 'business-error'],
  ['not-found', 'not-found'],
  ['no-route', 'not-found'],
  ['overload', 'overload'],
  ['overflow', 'overload'],
  ['denied', 'denied'],
  ['timeout', 'timeout'],
]);

/** Level 3. */
export class LineRouting implements Routing<LineFrame> {
  readonly caseSensitiveHeaders = true;
  readonly #core: CodecCore;

  constructor(core: CodecCore) {
    this.#core = core;
  }

  service(request: LineFrame): string {
    return this.#core.intern(request.chunk, request.from + request.serviceAt, request.from + request.serviceEnd);
  }

  method(request: LineFrame): string {
    const from = Math.min(request.serviceEnd + 1, request.methodEnd);
    return this.#core.intern(request.chunk, request.from + from, request.from + request.methodEnd);
  }

  scan(wanted: ScanRequest): HeaderScan<LineFrame> {
    for (const name of wanted.names) {
      if (!isHeaderName(name))
        throw new ConfigError(`a line has no header "${name}": names have no space, "=" or "|", and begin with no ":"`);
    }
    return new LineScan(this.#core, wanted);
  }

  *headers(frame: LineFrame): Iterable<readonly [name: string, value: string]> {
    if (frame.kind !== 'request' && frame.kind !== 'oneway') return;
    for (const walk = new HeaderWalk(frame); walk.next(); ) {
      if (walk.equals < walk.to && walk.equals > walk.from)
        yield [text(this.#core, frame, walk.from, walk.equals), value(this.#core, frame, walk)];
    }
  }

  outcome(response: LineFrame): Outcome {
    const { chunk, from, serviceEnd, methodEnd } = response;
    if (serviceEnd === 2) return 'ok';
    return OUTCOMES.get(chunk.toString('latin1', from + serviceEnd + 1, from + methodEnd)) ?? 'failure';
  }
}

/** Whether a header can have this name. */
export function isHeaderName(name: string): boolean {
  return /^[^\s=|:%][^\s=|%]*$/.test(name);
}

/** All wanted names in one walk. Of equal names the first counts. */
class LineScan implements HeaderScan<LineFrame> {
  readonly values: (string | undefined)[];
  timeoutMs = 0;
  /** Nobody calls back in this protocol. */
  readonly bindsConnection = false;
  readonly #core: CodecCore;
  readonly #indices: ReadonlyMap<string, number>;
  readonly #timeout: boolean;

  constructor(core: CodecCore, wanted: ScanRequest) {
    this.#core = core;
    this.values = wanted.names.map(() => undefined);
    this.#indices = new Map(wanted.names.map((name, index) => [name, index]));
    this.#timeout = wanted.timeout;
  }

  run(frame: LineFrame): void {
    this.values.fill(undefined);
    this.timeoutMs = 0;
    let timeout = this.#timeout;
    for (const walk = new HeaderWalk(frame); walk.next(); ) {
      if (walk.equals === walk.to) continue;
      const name = text(this.#core, frame, walk.from, walk.equals);
      const index = this.#indices.get(name);
      if (index !== undefined) this.values[index] ??= value(this.#core, frame, walk);
      if (!timeout || name !== TIMEOUT) continue;
      timeout = false;
      if (walk.to - walk.equals - 1 <= LONGEST_TIMEOUT) this.timeoutMs = milliseconds(value(this.#core, frame, walk));
    }
  }
}

function milliseconds(written: string): number {
  return /^\d+$/.test(written) ? Number(written) : 0;
}

function text(core: CodecCore, frame: LineFrame, from: number, to: number): string {
  return core.intern(frame.chunk, from, to);
}

function value(core: CodecCore, frame: LineFrame, { equals, to }: HeaderWalk): string {
  const written = text(core, frame, equals + 1, to);
  if (!written.includes('%')) return written;
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
}
