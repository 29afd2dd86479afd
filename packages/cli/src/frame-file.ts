import { Inbox, knownWire, messageOf } from '@polywire/core';
import type { Frame, FrameKind, FrameProtocol, Routing } from '@polywire/core/spi';
import { CliError, EXIT } from './exit.ts';

/** What a codec makes of a captured frame. */
export interface FrameDescription {
  readonly protocol: string;
  readonly kind: FrameKind;
  /** Bytes on the wire. */
  readonly length: number;
  /** What is wrong with it. */
  readonly defect: string | undefined;
  /** What the codec keeps of it: id, serialization, flags... as the codec names them. */
  readonly fields: Readonly<Record<string, string | number | boolean>>;
  readonly service: string | undefined;
  readonly method: string | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Group, version and plain arguments, as rules name them. */
  readonly pseudoHeaders: readonly (readonly [name: string, value: string])[];
  /** Of a response. */
  readonly outcome: string | undefined;
  /** Bytes of the file behind the frame. */
  readonly rest: number;
}

/**
 * Reads the first frame of `bytes`.
 * @param protocols the one that was asked for, or all that may detect it
 * @param names headers that rules look at: of pseudo-headers only these and the usual ones are asked for
 * @throws CliError when no codec knows it, or it is not whole
 */
export function describeFrame(bytes: Buffer, protocols: readonly FrameProtocol[], names: Iterable<string>): FrameDescription {
  const protocol = protocols.length === 1 ? protocols[0] : protocols.find((one) => one.detect?.(bytes) === 'match');
  if (protocol === undefined) {
    const names = protocols.map(({ name }) => name).join(', ');
    const seen = knownWire(bytes);
    const advice = seen === undefined ? 'name one with --protocol' : seen.advice;
    throw new CliError(`none of the protocols ${names} recognises these bytes; ${advice}`, EXIT.refused);
  }
  try {
    return describe(bytes, protocol, names);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`this is no ${protocol.name} frame: ${messageOf(error)}`, EXIT.refused, error);
  }
}

function describe(bytes: Buffer, protocol: FrameProtocol, names: Iterable<string>): FrameDescription {
  const connection = protocol.connection({ side: 'downstream', maxFrameBytes: 2 ** 31 - 1, dialect: 0 });
  const inbox = new Inbox();
  inbox.push(bytes);
  const length = bytes.length < connection.headerBytes ? undefined : connection.measure(inbox);
  if (length === undefined || length > bytes.length) {
    const missing = length === undefined ? '' : ` of ${length}`;
    throw new CliError(`the file ends inside of the ${protocol.name} frame: it has ${bytes.length} bytes${missing}`, EXIT.refused);
  }
  // A codec may patch its frame: it gets a copy.
  const frame = connection.parse(Buffer.from(bytes.subarray(0, length)), 0, length, length);
  if (frame === undefined) throw new CliError(`the ${protocol.name} codec asks for more than a whole frame`, EXIT.internal);
  const { kind, defect } = frame;
  const isRequest = kind === 'request' || kind === 'oneway';
  const routing = defect === undefined ? protocol.routing : undefined;
  return {
    protocol: protocol.name,
    kind,
    length,
    defect,
    fields: fieldsOf(frame),
    service: isRequest ? routing?.service(frame) : undefined,
    method: isRequest ? routing?.method(frame) : undefined,
    headers: isRequest || kind === 'response' ? [...(routing?.headers(frame) ?? [])] : [],
    pseudoHeaders: isRequest && routing !== undefined ? pseudoHeadersOf(frame, routing, names) : [],
    outcome: kind === 'response' ? routing?.outcome(frame) : undefined,
    rest: bytes.length - length,
  };
}

const PSEUDO_HEADERS = [':group', ':version', ...Array.from({ length: 10 }, (_, index) => `:argument[${index}]`)];

/** One by one: a protocol refuses to compile names that it can never have. */
function pseudoHeadersOf(frame: Frame, routing: Routing<Frame>, names: Iterable<string>): [string, string][] {
  const wanted = new Set([...PSEUDO_HEADERS, ...names].filter((name) => name.startsWith(':')));
  return [...wanted].flatMap((name): [string, string][] => {
    try {
      const scan = routing.scan({ names: [name], timeout: false, affinity: false });
      scan.run(frame);
      const [value] = scan.values;
      return typeof value === 'string' ? [[name, value]] : [];
    } catch {
      return [];
    }
  });
}

const COMMON_FIELDS = new Set(['kind', 'chunk', 'from', 'to', 'length', 'defect', 'service', 'method']);

/** Plain values that the codec's frame has beyond every frame's, its getters included. An offset of -1 means "not there". */
function fieldsOf(frame: Frame): Record<string, string | number | boolean> {
  const prototype: object = Object.getPrototypeOf(frame);
  const getters = Object.entries(Object.getOwnPropertyDescriptors(prototype)).filter(([, { get }]) => get !== undefined);
  const values = [...Object.entries(frame), ...getters.map(([name, { get }]): [string, unknown] => [name, get?.call(frame)])];
  const fields: Record<string, string | number | boolean> = {};
  for (const [name, value] of values) {
    const isPlain = typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && value !== -1);
    if (isPlain && value !== '' && !COMMON_FIELDS.has(name) && !name.endsWith('At')) fields[name] = value;
  }
  return joinHalves(fields);
}

/** Wide ids are kept as two int32, since one number cannot hold them; a person wants one. */
function joinHalves(fields: Record<string, string | number | boolean>): Record<string, string | number | boolean> {
  const { idHigh, idLow, ...rest } = fields;
  if (typeof idHigh !== 'number' || typeof idLow !== 'number') return fields;
  return { id: ((BigInt(idHigh) << 32n) | BigInt(idLow >>> 0)).toString(), ...rest };
}
