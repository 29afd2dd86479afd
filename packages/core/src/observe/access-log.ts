import type { LocalReplyReason, Outcome } from '../protocol/spi.ts';

/** One request, when it ended. Empty strings and zeros stand for what never came to be. */
export interface AccessLogRecord {
  /** Milliseconds since 1970, when the request arrived. */
  readonly time: number;
  readonly listener: string;
  readonly protocol: string;
  /** The caller's `address:port`. */
  readonly peer: string;
  readonly service: string;
  readonly method: string;
  readonly route: string;
  readonly cluster: string;
  /** `address:port` of the last attempt. */
  readonly endpoint: string;
  readonly outcome: Outcome | 'none';
  /** Set when the proxy answered by itself. */
  readonly localReply: LocalReplyReason | undefined;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Milliseconds, may have a fraction. */
  readonly duration: number;
  readonly attempts: number;
  /** What was remarkable, `UNREADABLE:tag` for example; usually empty. */
  readonly notes: readonly string[];
}

/** Where lines are written: a file's or a process' stream. */
export interface AccessLogSink {
  /** False asks to wait for 'drain'. */
  write(text: string): boolean;
  once(event: 'drain', listener: () => void): unknown;
  end(callback: () => void): unknown;
  /** A sink that can fail says so here; from then on lines are dropped and counted. */
  on?(event: 'error', listener: () => void): unknown;
}

/** How lines are written. */
export interface AccessLogOptions {
  /** Default: text. */
  readonly format?: 'text' | 'json';
  /** Lines wait this long for company. Default: 100 ms. */
  readonly flushIntervalMs?: number;
  /** And no longer than until there are this many characters. Default: 64 Ki. */
  readonly flushSize?: number;
  /** While the sink is slow, lines beyond this many characters are dropped and counted. Default: 1 Mi. */
  readonly maxBuffered?: number;
}

/** Writes one line per request, many lines per write. */
export class AccessLog {
  readonly #sink: AccessLogSink;
  readonly #format: (record: AccessLogRecord) => string;
  readonly #flushIntervalMs: number;
  readonly #flushSize: number;
  readonly #maxBuffered: number;
  #buffered = '';
  #timer: NodeJS.Timeout | undefined;
  #sinkIsFull = false;
  #closed = false;
  #failed = false;
  #dropped = 0;

  constructor(sink: AccessLogSink, options: AccessLogOptions = {}) {
    this.#sink = sink;
    this.#format = options.format === 'json' ? formatJson : formatText;
    this.#flushIntervalMs = options.flushIntervalMs ?? 100;
    this.#flushSize = options.flushSize ?? 64 * 1024;
    this.#maxBuffered = options.maxBuffered ?? 1024 * 1024;
    // Without a listener a full disk would end the process.
    sink.on?.('error', () => {
      this.#failed = true;
      this.#buffered = '';
    });
  }

  /** Lines lost because the sink was slow, failed or closed. */
  get dropped(): number {
    return this.#dropped;
  }

  write(record: AccessLogRecord): void {
    if (this.#closed || this.#failed || this.#buffered.length >= this.#maxBuffered) {
      this.#dropped += 1;
      return;
    }
    this.#buffered += this.#format(record);
    if (this.#buffered.length >= this.#flushSize) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), this.#flushIntervalMs).unref();
  }

  /** Writes what waits and ends the sink. Idempotent. */
  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    clearTimeout(this.#timer);
    if (this.#buffered !== '') this.#sink.write(this.#buffered);
    this.#buffered = '';
    return new Promise((resolve) => this.#sink.end(resolve));
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#sinkIsFull || this.#closed || this.#buffered === '') return;
    const text = this.#buffered;
    this.#buffered = '';
    if (this.#sink.write(text)) return;
    this.#sinkIsFull = true;
    this.#sink.once('drain', () => {
      this.#sinkIsFull = false;
      this.#flush();
    });
  }
}

/** Space-separated, in the order of AccessLogRecord, `-` for nothing: made for people, grep and awk. */
function formatText(record: AccessLogRecord): string {
  return (
    `${new Date(record.time).toISOString()} ${word(record.listener)} ${word(record.protocol)} ${word(record.peer)}` +
    ` ${word(record.service)} ${word(record.method)} ${word(record.route)} ${word(record.cluster)} ${word(record.endpoint)}` +
    ` ${record.outcome} ${record.localReply ?? '-'} ${record.requestBytes} ${record.responseBytes} ${record.duration.toFixed(3)}` +
    ` ${record.attempts} ${word(record.notes.join(','))}\n`
  );
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: callers choose service names; a line break in one must not forge a log line
const NOT_A_WORD = /[\u0000-\u0020\u007f-\u00a0\u2028\u2029\\]/g;

function word(text: string): string {
  return text === '' ? '-' : text.replace(NOT_A_WORD, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function formatJson(record: AccessLogRecord): string {
  return `${JSON.stringify({ ...record, time: new Date(record.time).toISOString(), localReply: record.localReply ?? null })}\n`;
}
