// One request and one response frame per protocol: dubbo, bolt (v1), thrift (strict binary in frames).
// Ids are zero; rpcload patches its own in.

export const SERVICE = 'com.acme.user.UserService';
export const METHOD = 'sayHello';
const TEXT = 'world '.repeat(20);
const TAG = { 'dubbo.tag': 'gray' };

const u8 = (value) => Buffer.from([value]);
const u16 = (value) => Buffer.from([value >> 8, value & 255]);
const u32 = (value) => Buffer.from([value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);
const bytes = (...parts) => Buffer.concat(parts.map((part) => (Buffer.isBuffer(part) ? part : Buffer.from(part))));

/** A Hessian 2 string: ASCII, shorter than 1,024 characters (compact forms 0x00-0x1f and 0x30-0x33 of the grammar). */
function hessianString(text) {
  return bytes(text.length < 32 ? u8(text.length) : u16(0x3000 + text.length), text);
}

function dubbo() {
  const attachments = {
    path: SERVICE,
    interface: SERVICE,
    version: '1.0.0',
    timeout: '3000',
    'remote.application': 'demo-consumer',
    ...TAG,
  };
  const front = ['2.0.2', SERVICE, '1.0.0', METHOD, 'Ljava/lang/String;', TEXT].map(hessianString);
  const body = bytes(...front, 'H', ...Object.entries(attachments).flat().map(hessianString), 'Z');
  const answer = bytes(u8(0x91), hessianString(`Hello ${TEXT}`)); // 0x91: RESPONSE_VALUE as a compact int
  const header = (flags, status) => bytes(u16(0xdabb), u8(flags), u8(status), Buffer.alloc(8));
  return {
    request: bytes(header(0xc2, 0), u32(body.length), body), // request, two-way, serialization 2 (Hessian 2)
    response: bytes(header(0x02, 20), u32(answer.length), answer),
  };
}

function bolt() {
  const text = (value) => bytes(u32(value.length), value);
  const headers = {
    service: `${SERVICE}:1.0`,
    sofa_head_target_service: `${SERVICE}:1.0`,
    sofa_head_method_name: METHOD,
    sofa_head_target_app: 'demo',
    zone: 'gray',
  };
  const head = bytes(...Object.entries(headers).flat().map(text));
  const message = (prefix, className, head, content) =>
    bytes(prefix, u16(className.length), u16(head.length), u32(content.length), className, head, content);
  const requestPrefix = bytes(u8(1), u8(1), u16(1), u8(1), u32(0), u8(1), u32(3000));
  const responsePrefix = bytes(u8(1), u8(0), u16(2), u8(1), u32(0), u8(1), u16(0));
  return {
    request: message(requestPrefix, 'com.alipay.sofa.rpc.core.request.SofaRequest', head, TEXT + TEXT),
    response: message(responsePrefix, 'com.alipay.sofa.rpc.core.response.SofaResponse', '', TEXT),
  };
}

function thrift() {
  const message = (kind, field, text) => {
    const value = bytes(u8(11), u16(field), u32(text.length), text);
    const body = bytes(u32(0x80010000 + kind), u32(METHOD.length), METHOD, u32(0), value, u8(0));
    return bytes(u32(body.length), body);
  };
  return { request: message(1, 1, TEXT), response: message(2, 0, `Hello ${TEXT}`) };
}

/** Frames by protocol, and the name that rpcload knows it by. */
export const FRAMES = {
  dubbo: { tool: 'dubbo', ...dubbo() },
  bolt: { tool: 'bolt', ...bolt() },
  thrift: { tool: 'framed', ...thrift() },
};
