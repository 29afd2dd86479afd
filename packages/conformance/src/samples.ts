import type { FrameKind, Outcome, ProtocolFactory } from '@polywire/core/spi';
import type { CallSamples } from './call-samples.ts';

/** Which side of the proxy receives the bytes: callers are downstream, services upstream. */
export type Side = 'downstream' | 'upstream';

/** Bytes of exactly one frame, best recorded from a real peer. */
export interface Sample {
  /** Short; names the sample in failures. */
  readonly name: string;
  readonly bytes: Buffer;
  /** Who receives it. Default: downstream for request, oneway and ping; upstream for the rest. */
  readonly side?: Side;
}

/** A request, and what the codec must read from it. What is left out is not compared. */
export interface RequestSample extends Sample {
  readonly service?: string;
  readonly method?: string;
  /** Headers that a scan must find, by name as configuration would write it; `undefined`: must be absent. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds the caller says it waits; 0: it says nothing. */
  readonly timeoutMs?: number;
  readonly bindsConnection?: boolean;
}

/** A response, and what the codec must read from it. */
export interface ResponseSample extends Sample {
  readonly outcome?: Outcome;
  /** Name of the request sample with the same id: restoring that request's id must give back exactly these bytes. */
  readonly answers?: string;
}

/** A keep-alive. */
export interface PingSample extends Sample {
  /** The exact answer expected; left out, any frame that parses as a pong will do. */
  readonly pong?: Buffer;
}

/** Frames by kind. Kinds that the protocol does not have are left out. */
export interface CodecSamples {
  readonly request: readonly RequestSample[];
  readonly oneway?: readonly RequestSample[];
  readonly response?: readonly ResponseSample[];
  readonly ping?: readonly PingSample[];
  readonly pong?: readonly Sample[];
  readonly goaway?: readonly Sample[];
  readonly resume?: readonly Sample[];
  readonly control?: readonly Sample[];
}

/** Bytes that no honest peer sends. */
export interface MalformedSample extends Sample {
  /**
   * `connection`: measure throws CodecError. `frame`: the boundary is known, so the frame comes out with a `defect` and a good frame
   * behind it still decodes. Default: either, or nothing at all.
   */
  readonly expect?: 'connection' | 'frame';
}

/** What the suite needs to know about a codec. */
export interface ConformanceOptions {
  readonly protocol: ProtocolFactory;
  readonly samples: CodecSamples;
  readonly malformed?: readonly MalformedSample[];
  /** For codecs that have `calls`. */
  readonly calls?: CallSamples;
  /** Makes a request whose body is nested `depth` deep, for protocols whose bodies are walked. */
  readonly nest?: (depth: number) => Buffer;
  /** Bytes at the end of a frame that follow from the others (a checksum), so that they change when an id does. Default 0. */
  readonly checksumBytes?: number;
  /**
   * Makes the checksum of the frame at the beginning of `bytes` right, in place, if it is there and has one: so that fuzz gets past it. Written
   * apart from the codec. Default: nothing.
   */
  readonly reseal?: (bytes: Buffer) => void;
  /** Headers that say who a request is for, so that edits of them change its service or method. Default: none. */
  readonly routingHeaders?: readonly string[];
  /** Characters of a header's value from which on the codec may refuse to write it. Default: none. */
  readonly maxValueLength?: number;
  /** Bytes of a request that may change with its id, when it stands in several places or lengths follow from it. Default: 10 in one place. */
  readonly idBytes?: number;
  /** Settings to run the codec with, as a listener or a service would have them. Default: none. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Bytes; handed to the codec and enforced by the reference decoder. Default 8 MiB. */
  readonly maxFrameBytes?: number;
  /** Repeats a run. Default: `POLYWIRE_SEED`, else a constant when `CI` is set, else random. */
  readonly seed?: number;
  /** Random inputs per fuzz case. Default: `POLYWIRE_FUZZ_RUNS`, else 500. */
  readonly fuzzRuns?: number;
}

/** A sample with its kind and receiver filled in. */
export interface KnownFrame {
  readonly kind: FrameKind;
  readonly side: Side;
  readonly label: string;
  readonly bytes: Buffer;
}

const usualReceiver: Readonly<Record<FrameKind, Side>> = {
  request: 'downstream',
  oneway: 'downstream',
  ping: 'downstream',
  response: 'upstream',
  pong: 'upstream',
  goaway: 'upstream',
  resume: 'upstream',
  control: 'upstream',
};

/** All samples in a fixed order. */
export function knownFrames(samples: CodecSamples): KnownFrame[] {
  const byKind: ReadonlyArray<readonly [FrameKind, readonly Sample[] | undefined]> = [
    ['request', samples.request],
    ['oneway', samples.oneway],
    ['response', samples.response],
    ['ping', samples.ping],
    ['pong', samples.pong],
    ['goaway', samples.goaway],
    ['resume', samples.resume],
    ['control', samples.control],
  ];
  return byKind.flatMap(([kind, list]) =>
    (list ?? []).map(({ name, bytes, side }) => ({ kind, side: side ?? usualReceiver[kind], label: `${kind} "${name}"`, bytes })),
  );
}

/** Calls, with what the author says of them. */
export function calls(samples: CodecSamples): RequestSample[] {
  return [...samples.request, ...(samples.oneway ?? [])];
}
