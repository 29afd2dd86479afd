import { ConfigError, parseDuration, parseSize } from '@polywire/core/spi';
import { MAX_MAX_FRAME_BYTES, MAX_STREAM_ID, MAX_WINDOW, MIN_MAX_FRAME_BYTES } from './frame.ts';

/** What may be said of the connections of a listener, or of those to services. */
export interface Http2Options {
  /** Open requests of one caller's connection. */
  readonly maxConcurrentStreams: number;
  /** Bytes that a peer may send on one stream before they are passed on. */
  readonly streamWindow: number;
  /** The same on one connection; while they wait for slow streams alone, they are given back. */
  readonly connectionWindow: number;
  /** Bytes of one connection that wait for slow streams, above which its window is not given back. */
  readonly heldBytes: number;
  /** Bytes of a frame that a peer may send. */
  readonly maxFrameBytes: number;
  /** Octets of a header list: RFC 9113, section 6.5.2. */
  readonly maxHeaderListBytes: number;
  /** Octets of the table that peers compress with. */
  readonly headerTableBytes: number;
  /** Milliseconds that a header block, or the first bytes of a connection, may take. */
  readonly headerTimeoutMs: number;
  /** Milliseconds until SETTINGS must be acknowledged. */
  readonly settingsTimeoutMs: number;
  /** Frames that carry nothing, in one flood window. */
  readonly idleFrames: number;
  /** Streams that a caller resets before they are answered, in one flood window. */
  readonly streamResets: number;
  /** Streams of a caller that are reset for its errors, in one flood window. */
  readonly streamErrors: number;
  /** Milliseconds. */
  readonly floodWindowMs: number;
  /** Answers to frames that wait because their sender does not read. */
  readonly controlReplies: number;
  /** Heads before an answer's own. */
  readonly interimResponses: number;
  /** The last id that we give a stream. Tests alone make it smaller. */
  readonly maxStreamId: number;
}

/** Nothing was said. */
export const DEFAULTS: Http2Options = {
  maxConcurrentStreams: 1000,
  streamWindow: 256 * 1024,
  connectionWindow: 1024 * 1024,
  heldBytes: 64 * 1024 * 1024,
  maxFrameBytes: MIN_MAX_FRAME_BYTES,
  maxHeaderListBytes: 64 * 1024,
  headerTableBytes: 4096,
  headerTimeoutMs: 10_000,
  settingsTimeoutMs: 10_000,
  idleFrames: 2000,
  streamResets: 1000,
  streamErrors: 200,
  floodWindowMs: 10_000,
  controlReplies: 1000,
  interimResponses: 100,
  maxStreamId: MAX_STREAM_ID,
};

/** What each setting is about: undefined counts for both sides. */
type Side = 'callers' | 'services' | undefined;

interface Setting {
  readonly field: keyof Http2Options;
  readonly unit: 'count' | 'size' | 'duration';
  readonly least: number;
  readonly most: number;
  readonly side: Side;
}

const UNITS: Record<Setting['unit'], string> = { count: '', size: ' bytes', duration: ' ms' };

const MINUTES_10 = 600_000;

const SETTINGS: ReadonlyMap<string, Setting> = new Map<string, Setting>([
  ['max-concurrent-streams', { field: 'maxConcurrentStreams', unit: 'count', least: 1, most: MAX_WINDOW, side: 'callers' }],
  ['stream-window', { field: 'streamWindow', unit: 'size', least: 1024, most: MAX_WINDOW, side: undefined }],
  ['connection-window', { field: 'connectionWindow', unit: 'size', least: 65_535, most: MAX_WINDOW, side: undefined }],
  ['held-bytes', { field: 'heldBytes', unit: 'size', least: 65_535, most: Number.MAX_SAFE_INTEGER, side: undefined }],
  ['max-frame-size', { field: 'maxFrameBytes', unit: 'size', least: MIN_MAX_FRAME_BYTES, most: MAX_MAX_FRAME_BYTES, side: undefined }],
  ['max-header-list', { field: 'maxHeaderListBytes', unit: 'size', least: 1024, most: 16 * 1024 * 1024, side: undefined }],
  ['header-table', { field: 'headerTableBytes', unit: 'size', least: 0, most: 1024 * 1024, side: undefined }],
  ['header-timeout', { field: 'headerTimeoutMs', unit: 'duration', least: 1, most: MINUTES_10, side: undefined }],
  ['settings-timeout', { field: 'settingsTimeoutMs', unit: 'duration', least: 1, most: MINUTES_10, side: undefined }],
  ['idle-frames', { field: 'idleFrames', unit: 'count', least: 100, most: MAX_WINDOW, side: undefined }],
  ['stream-resets', { field: 'streamResets', unit: 'count', least: 1, most: MAX_WINDOW, side: 'callers' }],
  ['stream-errors', { field: 'streamErrors', unit: 'count', least: 1, most: MAX_WINDOW, side: 'callers' }],
  ['flood-window', { field: 'floodWindowMs', unit: 'duration', least: 1, most: MINUTES_10, side: undefined }],
  ['control-replies', { field: 'controlReplies', unit: 'count', least: 10, most: MAX_WINDOW, side: undefined }],
  ['interim-responses', { field: 'interimResponses', unit: 'count', least: 0, most: MAX_WINDOW, side: 'services' }],
]);

/** Those that count for one side only. */
export const SIDES: ReadonlyMap<string, 'callers' | 'services'> = new Map(
  [...SETTINGS].flatMap(([name, { side }]) => (side === undefined ? [] : [[name, side]])),
);

/**
 * Reads the settings of a listener or of services.
 * @throws ConfigError for names and values that HTTP/2 does not have here, with those that it has
 */
export function readSettings(settings: ReadonlyMap<string, string>): Http2Options {
  let options = DEFAULTS;
  for (const [name, text] of settings) {
    const setting = SETTINGS.get(name);
    if (setting === undefined) throw new ConfigError(`http2 has no setting ${name}; it has ${[...SETTINGS.keys()].join(', ')}`);
    options = { ...options, [setting.field]: readValue(name, setting, text.trim()) };
  }
  return options;
}

function readValue(name: string, { unit, least, most }: Setting, text: string): number {
  const value = parse(name, unit, text);
  if (value < least || value > most) throw new ConfigError(`http2's ${name} is between ${least} and ${most}${UNITS[unit]}, not ${text}`);
  return value;
}

function parse(name: string, unit: Setting['unit'], text: string): number {
  if (unit === 'duration') return parseDuration(text);
  if (unit === 'size') return parseSize(text);
  if (!/^\d{1,10}$/.test(text)) throw new ConfigError(`http2's ${name} is a whole number, not "${text}"`);
  return Number(text);
}
