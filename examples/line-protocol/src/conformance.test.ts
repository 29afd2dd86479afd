import { testCodec } from '@polywire/conformance';
import { plugin } from './line.ts';

const [protocol] = plugin.protocols ?? [];
if (protocol === undefined) throw new Error('the plugin has no protocol');

const line = (text: string) => Buffer.from(`${text}\n`);
const long = `shop.Cart add user=ann tag=gr%C3%BCn timeout=1500 | ${'apples | and pears '.repeat(30)}`;

testCodec({
  protocol,
  samples: {
    request: [
      { name: 'long', bytes: line(long), service: 'shop.Cart', method: 'add', headers: { user: 'ann', tag: 'grün' }, timeoutMs: 1500 },
      { name: 'bare', bytes: line('shop.Cart clear'), service: 'shop.Cart', method: 'clear', headers: { user: undefined }, timeoutMs: 0 },
      { name: 'telnet', bytes: line('shop.Cart get id=7 |\r'), service: 'shop.Cart', method: 'get', headers: { id: '7' } },
    ],
    oneway: [
      {
        name: 'log',
        bytes: line('!shop.Log write level=info | it happened'),
        service: 'shop.Log',
        method: 'write',
        headers: { level: 'info' },
      },
    ],
    response: [
      { name: 'ok', bytes: line('OK two apples'), outcome: 'ok' },
      { name: 'empty', bytes: line('OK'), outcome: 'ok' },
      { name: 'not found', bytes: line('ERR not-found no such cart'), outcome: 'not-found' },
      { name: 'business', bytes: line('ERR business sold out'), outcome: 'business-error' },
      { name: 'bare error', bytes: line('ERR'), outcome: 'failure' },
    ],
    ping: [{ name: 'ping', bytes: line('PING'), pong: line('PONG') }],
    pong: [{ name: 'pong', bytes: line('PONG') }],
  },
  malformed: [
    { name: 'TLS', bytes: Buffer.from('160301020001', 'hex'), expect: 'connection' },
    { name: 'no method', bytes: line('shop.Cart'), expect: 'frame' },
    { name: 'an empty line', bytes: line(''), expect: 'frame' },
  ],
});
