import { destination, type Logger as PinoLogger, pino } from 'pino';
import { messageOf } from '../errors/message-of.ts';
import { maskSecrets } from '../errors/secrets.ts';

/** From talkative to quiet. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Whether `text` names a level. */
export function isLogLevel(text: string): text is LogLevel {
  return LOG_LEVELS.some((level) => level === text);
}

/** Facts of a log line beside its message. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The proxy's own log. Lines are rare: nothing here is called per request. */
export interface Log {
  level: LogLevel;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Where lines go. */
export interface LogOptions {
  /** Default: info. */
  readonly level?: LogLevel;
  /** `json`: one object per line (default). `text`: for people. */
  readonly format?: 'json' | 'text';
  /** Default: standard error, so that standard output stays free for what a command prints. */
  readonly write?: (line: string) => void;
}

/** Writes synchronously: a line about a crash must be out before the process is gone. Secrets in URLs are masked. */
export function createLog(options: LogOptions = {}): Log {
  const write = options.write ?? standardError();
  const sink = options.format === 'text' ? (line: string) => write(toText(line)) : write;
  const settings = {
    level: options.level ?? 'info',
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return new PinoLog(pino(settings, { write: sink }));
}

class PinoLog implements Log {
  readonly #pino: PinoLogger;

  constructor(logger: PinoLogger) {
    this.#pino = logger;
  }

  get level(): LogLevel {
    return isLogLevel(this.#pino.level) ? this.#pino.level : 'info';
  }

  set level(level: LogLevel) {
    this.#pino.level = level;
  }

  debug(message: string, fields?: LogFields): void {
    this.#pino.debug(plain(fields, stackOf), maskSecrets(message));
  }

  info(message: string, fields?: LogFields): void {
    this.#pino.info(plain(fields, messageOf), maskSecrets(message));
  }

  warn(message: string, fields?: LogFields): void {
    this.#pino.warn(plain(fields, messageOf), maskSecrets(message));
  }

  error(message: string, fields?: LogFields): void {
    this.#pino.error(plain(fields, stackOf), maskSecrets(message));
  }
}

function standardError(): (line: string) => void {
  const stream = destination({ dest: 2, sync: true });
  return (line) => {
    stream.write(line);
  };
}

/** What went wrong outside is said in one line; a stack is for a fault of ours, and for who asks for details. */
function stackOf(error: Error): string {
  return error.stack ?? error.message;
}

/** An Error has no enumerable fields and would be written as `{}`. Texts may be names of a registry's nodes, which are whole URLs. */
function plain(fields: LogFields | undefined, inWords: (error: Error) => string): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields ?? {})) {
    const text = value instanceof Error ? inWords(value) : value;
    result[name] = typeof text === 'string' ? maskSecrets(text) : text;
  }
  return result;
}

function toText(line: string): string {
  const { level, time, msg, ...fields }: Record<string, unknown> = JSON.parse(line);
  const facts = Object.entries(fields).map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return `${String(time)} ${String(level).padEnd(5)} ${String(msg)}${facts.join('')}\n`;
}
