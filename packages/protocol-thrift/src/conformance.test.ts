import { describe } from 'node:test';
import { type ConformanceOptions, type MalformedSample, type RequestSample, type ResponseSample, testCodec } from '@polywire/conformance';
import { EXCEPTION, ONEWAY, REPLY } from './frame.ts';
import { thrift } from './index.ts';
import * as make from './testing/messages.ts';

/** Needs five bytes as a varint, and no proxy would give it. */
const WIDE_ID = -19_088_744;
const HEADER_ID = -2_023_406_815;
const INFOS = [
  ['tenant', 'acme'],
  ['Trace', 'größer'],
] as const;

const SETTINGS = { service: 'com.acme.Users', 'calls-per-connection': 'many', 'oneway-methods': 'Log:write' };

function longText(encoding: make.EncodingName): Buffer {
  return Buffer.concat([make.hex(encoding === 'compact' ? '18 ac02' : '0b 0001 0000012c'), Buffer.alloc(300, 'x'), make.hex('00')]);
}

function of(transport: make.TransportName, encoding: make.EncodingName, name: string, parts: make.MessageParts): Buffer {
  const infos = parts.type === REPLY || parts.type === EXCEPTION ? [] : INFOS;
  return make.framed(transport, encoding, make.message(encoding, name, parts), { headerSeqid: HEADER_ID, infos });
}

function requests(transport: make.TransportName, encoding: make.EncodingName): RequestSample[] {
  const infos = transport === 'header' ? { tenant: 'acme', Trace: 'größer', trace: undefined } : { tenant: undefined };
  const names = { ':transport': transport, ':encoding': encoding === 'compact' ? 'compact' : 'binary' };
  const values = { ':argument[1]': '7', ':argument[2]': 'ann', ':argument[3]': 'true', ':argument[4]': '-2', ':argument[5]': '1.5' };
  return [
    {
      name: `${encoding} call`,
      bytes: of(transport, encoding, 'Users:get', { seqid: WIDE_ID, body: make.body(encoding) }),
      service: 'Users',
      method: 'get',
      headers: { ...infos, ...names, ...values, ':argument[6]': undefined, ':argument[7]': undefined },
      timeoutMs: 0,
      bindsConnection: false,
    },
    {
      name: `${encoding} call with id 0 and no service`,
      bytes: of(transport, encoding, 'get', {}),
      service: SETTINGS.service,
      method: 'get',
      headers: { ...infos, ':argument[1]': undefined },
    },
    {
      name: `${encoding} call with a long text`,
      bytes: of(transport, encoding, 'get', { seqid: 1, body: longText(encoding) }),
      headers: { ':argument[1]': 'x'.repeat(300), ':argument[2]': undefined },
    },
  ];
}

function responses(transport: make.TransportName, encoding: make.EncodingName): ResponseSample[] {
  const sample = (type: number, body: Buffer, seqid = WIDE_ID): Buffer => of(transport, encoding, 'get', { type, seqid, body });
  const exception = (text: string, type?: number): Buffer => sample(EXCEPTION, make.applicationException(encoding, text, type));
  const answers = `${encoding} call`;
  return [
    { name: `${encoding} value`, bytes: sample(REPLY, make.result(encoding)), outcome: 'ok', answers },
    { name: `${encoding} void`, bytes: sample(REPLY, make.hex('00'), 0), outcome: 'ok', answers: `${answers} with id 0 and no service` },
    { name: `${encoding} declared exception`, bytes: sample(REPLY, make.declared(encoding)), outcome: 'business-error', answers },
    { name: `${encoding} unknown method`, bytes: exception('Invalid method name', 1), outcome: 'not-found', answers },
    { name: `${encoding} internal error`, bytes: exception('Internal error processing get', 6), outcome: 'failure', answers },
    { name: `${encoding} protocol error`, bytes: exception('Required field', 7), outcome: 'business-error', answers },
    { name: `${encoding} unknown method of npm`, bytes: exception('Unknown function get'), outcome: 'not-found', answers },
    { name: `${encoding} error of npm`, bytes: exception('it broke'), outcome: 'failure', answers },
  ];
}

const STRANGERS: readonly MalformedSample[] = [
  { name: 'HTTP', bytes: Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n'), expect: 'connection' },
  { name: 'Dubbo', bytes: make.hex('dabbc20000000000000000010000000000'), expect: 'connection' },
  { name: 'zeros', bytes: Buffer.alloc(32), expect: 'connection' },
];

function malformed(transport: make.TransportName): MalformedSample[] {
  if (transport === 'unframed') {
    return [
      { name: 'a type that is none', bytes: make.message('strict', 'get', { body: make.hex('7f 0001 00') }), expect: 'connection' },
      {
        name: 'a list that cannot be',
        bytes: make.message('strict', 'get', { body: make.hex('0f 0001 0c 7fffffff') }),
        expect: 'connection',
      },
      { name: 'a message type that is none', bytes: make.message('strict', 'get', { type: 9 }), expect: 'frame' },
    ];
  }
  const put = (bytes: Buffer): Buffer => make.framed(transport, 'strict', bytes);
  return [
    { name: 'a name behind its frame', bytes: put(make.hex('80010001 000000ff 6765 74 00000000 00')), expect: 'frame' },
    { name: 'a negative name', bytes: put(make.hex('80010001 ffffffff 676574 00000000 00')), expect: 'frame' },
    { name: 'a message type that is none', bytes: put(make.message('strict', 'get', { type: 9 })), expect: 'frame' },
    { name: 'a compact id without an end', bytes: put(make.hex('8221 ffffffffffffffffffffff 00 00')), expect: 'frame' },
    { name: "Finagle's question", bytes: put(make.message('strict', '__can__finagle__trace__v3__')), expect: 'frame' },
    ...(transport === 'header'
      ? [{ name: 'a header behind its frame', bytes: make.hex('0000000e 0fff 0000 00000001 7fff 00000000'), expect: 'frame' as const }]
      : []),
  ];
}

function options(transport: make.TransportName): ConformanceOptions {
  const encodings = make.ENCODINGS.filter((encoding) => transport !== 'header' || encoding !== 'old');
  return {
    protocol: thrift,
    // The transport is what comes, so that nothing is framed anew.
    settings: { ...SETTINGS, transport },
    samples: {
      request: encodings.flatMap((encoding) => requests(transport, encoding)),
      oneway: encodings.map((encoding) => ({
        name: `${encoding} note`,
        bytes: of(transport, encoding, 'Users:note', { type: ONEWAY, body: make.body(encoding) }),
        service: 'Users',
        method: 'note',
        headers: { ':argument[2]': 'ann' },
      })),
      response: encodings.flatMap((encoding) => responses(transport, encoding)),
    },
    // In a THeader: two ids of up to five bytes, and the length that follows from the one that is a varint.
    ...(transport === 'header' ? { idBytes: 13 } : {}),
    malformed: [...STRANGERS, ...malformed(transport)],
    // A framed message is not walked to find its end.
    ...(transport === 'unframed' ? {} : { nest: (depth) => nest(transport, depth) }),
  };
}

/** Structs in each other's first field, in front of the one that is looked for. */
function nest(transport: make.TransportName, depth: number): Buffer {
  const opened = Buffer.concat(Array.from({ length: depth }, () => make.hex('0c 0007')));
  return of(transport, 'strict', 'get', { body: Buffer.concat([opened, Buffer.alloc(depth + 1)]) });
}

for (const transport of make.TRANSPORTS) describe(transport, () => testCodec(options(transport)));
