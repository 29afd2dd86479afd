import type { CodecCore, LookupResult } from '@polywire/core/spi';

/** What `openMap` and `openList` found. */
export const OPENED = 1;
/** null, or nothing at all where that is allowed. */
export const ABSENT = 0;
/** Neither: the reader's `malformed` tells wrong bytes from bytes that end too early. */
export const FAILED = -1;

/**
 * Reads the items of a body in place: strings, arguments, the attachments. One reader serves a process, since reading is synchronous.
 * Nothing throws. Moves that answer booleans or numbers say with `malformed` why they failed; `LookupResult`s say it themselves.
 */
export interface BodyReader {
  /** Offset of the next item, key or value. */
  readonly at: number;
  /** After `nextKey` or `skipText`: where the text begins. */
  readonly from: number;
  /** After `nextKey` or `skipText`: where the text ends. */
  readonly to: number;
  /** After `nextKey` or `skipText`: the bytes [from, to) are ASCII and the text itself. Else ask `text()`. */
  readonly plain: boolean;
  /** Whether the last failure is the bytes' own fault, rather than their end. */
  readonly malformed: boolean;
  /** Whether what was passed is needed to read what follows, so that no later walk may begin here. */
  readonly tied: boolean;

  /** Only strings in front can be passed: no walk gets to the attachments, however many bytes come. */
  readonly frontOnly?: boolean;

  /** Starts at `at` of the body that begins at `body`; the bytes at hand end at `end`, those of the whole body at `limit`. */
  begin(chunk: Buffer, at: number, end: number, limit: number, body: number): void;
  /** Moves behind a string item, or null, which reads as empty. */
  skipText(): boolean;
  /** Moves behind any item. */
  skipItem(): boolean;
  /** Moves behind an item and answers it as text: a string, number or boolean; undefined for null and what has no text. */
  readItem(core: CodecCore): LookupResult;
  /** Text of the string or key that was passed last. */
  text(): string;

  /** Moves into the attachments. ABSENT: null is in their place, or nothing where the serialization leaves them out. */
  openAttachments(): typeof OPENED | typeof ABSENT | typeof FAILED;
  /**
   * Moves behind entries that nobody wants, as far as that is cheaper than key by key.
   * @param stops by length of a key: the first byte of a wanted one, 256 when several begin differently, -1 when none is as long
   */
  skipPlainEntries?(stops: Int16Array): void;
  /** Moves behind the next key; ABSENT at the end of the attachments, then moves behind it. A key that is no string reads as no text. */
  nextKey(): typeof OPENED | typeof ABSENT | typeof FAILED;
  /** As skipItem, for a value in the attachments. */
  skipValue(): boolean;
  /** As readItem, for a value in the attachments. */
  readValue(core: CodecCore): LookupResult;
  /** Moves behind a value in the attachments and answers it as milliseconds above 0: any number, or digits; 0 for others, FAILED. */
  readMillis(): number;

  /** Moves into an item that is a list and answers its `index`th element as readItem does; undefined when there is none. */
  readElement(index: number, core: CodecCore): LookupResult;
  /** The small number that a response of status 20 begins with, as an item; -1 when it cannot be read. */
  readType(): number;
}

/** Writes what the proxy says itself. */
export interface BodyWriter {
  /** The item that is null: the body of a heartbeat. */
  readonly nothing: Buffer;
  /** An item that holds a string. Any Unicode. */
  text(text: string): Buffer;
}

/** Changes attachments in place. */
export interface AttachmentWriter {
  /** A key or value in the attachments. */
  string(text: string): Buffer;
  /** Attachments that hold `pairs` of keys and values, to stand where there were none. */
  map(pairs: readonly Buffer[]): Buffer;
  /**
   * Whether the value at `at` can be replaced or removed without a change to the meaning of what follows: it takes no number in a table of
   * references.
   */
  replaceable(chunk: Buffer, at: number): boolean;
  /** Writes `ms` over the number or the digits at `at` without changing their length; false when they cannot hold it. */
  writeMillis(chunk: Buffer, at: number, ms: number): boolean;
  /** Bytes in front of the attachments that hold their length, as int32; 0 when their serialization has none. */
  readonly lengthBytes: 0 | 4;
}

/** What can be done with bodies in one serialization. Missing parts: it cannot be read, written or edited without the classes. */
export interface Serialization {
  readonly name: string;
  readonly reader?: BodyReader;
  readonly writer?: BodyWriter;
  readonly attachments?: AttachmentWriter;
}
