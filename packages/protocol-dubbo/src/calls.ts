import { type CallAnswer, CodecError, type ServiceCall } from '@polywire/core/spi';
import { encodeString, HessianDecoder, HessianObject, type HessianValue } from '@polywire/hessian';
import { type DubboFrame, HEADER_BYTES, header, REQUEST, STATUS_OK, TWO_WAY } from './frame.ts';
import { HESSIAN2 } from './serialization/index.ts';

/** What Dubbo 2.7 and 3 say of themselves in every request (Version.DEFAULT_DUBBO_PROTOCOL_VERSION). */
const PROTOCOL_VERSION = '2.0.2';

/** Types of a body, from DubboCodec: without and with attachments behind the value. */
const EXCEPTIONS: readonly unknown[] = [0, 3];
const VALUES: readonly unknown[] = [1, 4];
const NULLS: readonly unknown[] = [2, 5];

/**
 * A request in Hessian 2.0 whose arguments are strings: version of the protocol, path, version, method, types, arguments, attachments
 * (DubboCodec.encodeRequestData). Java finds the service by path, group and version among the attachments.
 */
export function request({ service, group, version, method, arguments: values }: ServiceCall): Buffer {
  if (Buffer.isBuffer(values))
    throw new CodecError('DUBBO_CALL', "arguments of Dubbo's own protocol are written as strings, not as a message");
  const attachments = { path: service, interface: service, group, version };
  const pairs = Object.entries(attachments).flatMap(([key, value]) =>
    value === undefined ? [] : [encodeString(key), encodeString(value)],
  );
  const body = Buffer.concat([
    ...[PROTOCOL_VERSION, service, version ?? '0.0.0', method, 'Ljava/lang/String;'.repeat(values.length), ...values].map(encodeString),
    Buffer.from([0x48]),
    ...pairs,
    Buffer.from([0x5a]),
  ]);
  return Buffer.concat([header(REQUEST | TWO_WAY | HESSIAN2, 0, 0, 1, body.length), body]);
}

/** The value is a HessianValue. */
export function answer({ chunk, from, to, serialization, defect }: DubboFrame): CallAnswer {
  if (defect !== undefined) return failed(defect);
  if (serialization !== HESSIAN2) return failed(`asked in Hessian 2.0, it answers in serialization ${serialization}`);
  const decoder = new HessianDecoder();
  decoder.begin(chunk, from + HEADER_BYTES, to, to);
  const status = chunk[from + 3];
  const first = decoder.read();
  if (status !== STATUS_OK) return failed(`status ${status}: ${typeof first === 'string' ? first : 'without a reason'}`);
  if (NULLS.includes(first)) return { kind: 'value', value: null };
  const value = VALUES.includes(first) || EXCEPTIONS.includes(first) ? decoder.read() : undefined;
  if (value === undefined) return failed('its answer cannot be read');
  return EXCEPTIONS.includes(first) ? failed(exceptionText(value)) : { kind: 'value', value };
}

function failed(reason: string): CallAnswer {
  return { kind: 'failed', reason };
}

function exceptionText(exception: HessianValue): string {
  if (!(exception instanceof HessianObject)) return 'it threw an exception';
  const message = exception.get('detailMessage');
  return typeof message === 'string' ? `${exception.type}: ${message}` : exception.type;
}
