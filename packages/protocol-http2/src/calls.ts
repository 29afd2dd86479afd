import { type CallAnswer, CodecError, type HeaderField, type ServiceCall, type StreamCalls } from '@polywire/core/spi';
import { isAuthority } from './authority.ts';
import { isFieldValue } from './field-rules.ts';
import { decodeMessage } from './grpc.ts';
import { RequestFacts, RequestHead, type ResponseHead } from './head.ts';
import { toValue } from './text.ts';

/** In front of a message: whether it is compressed, and its length as uint32. gRPC's PROTOCOL-HTTP2.md. */
const PREFIX_BYTES = 5;
const PATH = /^\/[\w.$]+\/[\w.$]+$/;

/** Unary calls of gRPC, and of Triple, which has headers for group and version. The argument is a message; so is the value, a Buffer. */
export const calls: StreamCalls<RequestHead, ResponseHead> = {
  request(call, authority) {
    const message = call.arguments;
    if (!Buffer.isBuffer(message)) throw new CodecError('HTTP2_CALL', 'the argument of a call over HTTP/2 is a message, not strings');
    const prefix = Buffer.alloc(PREFIX_BYTES);
    prefix.writeUInt32BE(message.length, 1);
    return { head: headOf(call, authority), body: Buffer.concat([prefix, message]) };
  },

  answer({ facts }, body, trailers): CallAnswer {
    const said = [...trailers, ...facts.fields];
    const status = fieldOf(said, 'grpc-status');
    if (status !== '0') {
      const message = decodeMessage(fieldOf(said, 'grpc-message') ?? '');
      const reason = status === undefined ? `status ${facts.status} without a grpc-status` : `grpc-status ${status}`;
      return { kind: 'failed', reason: message === '' ? reason : `${reason}: ${message}` };
    }
    const isMessage = body.length >= PREFIX_BYTES && body[0] === 0 && body.readUInt32BE(1) === body.length - PREFIX_BYTES;
    if (!isMessage) return { kind: 'failed', reason: 'its answer is not one message that is not compressed' };
    return { kind: 'value', value: body.subarray(PREFIX_BYTES) };
  },
};

function headOf({ service, method, group, version }: ServiceCall, authority: string): RequestHead {
  const path = `/${service}/${method}`;
  if (!PATH.test(path)) throw new CodecError('HTTP2_CALL', `"${path}" is no path of a service's method`);
  const written: readonly (readonly [name: string, value: string | undefined])[] = [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    // A host's IPv6 address may have a zone, which no authority has.
    [':authority', isAuthority(authority) ? authority : 'localhost'],
    ['content-type', 'application/grpc+proto'],
    ['te', 'trailers'],
    ['tri-service-group', group],
    ['tri-service-version', version],
  ];
  const fields = written.flatMap(([name, value]) => (value === undefined ? [] : [field(name, value)]));
  return new RequestHead(
    new RequestFacts({
      method: 'POST',
      scheme: 'http',
      authority,
      path,
      contentLength: -1,
      fields,
      isConnect: false,
      grpc: true,
      timeoutMs: 0,
    }),
    0,
  );
}

function field(name: string, text: string): HeaderField {
  const value = toValue(text);
  if (!isFieldValue(value)) throw new CodecError('HTTP2_CALL', `${name} cannot have the value ${JSON.stringify(text)}`);
  return { name, value, neverIndexed: false };
}

function fieldOf(fields: readonly HeaderField[], wanted: string): string | undefined {
  return fields.find(({ name }) => name === wanted)?.value;
}
