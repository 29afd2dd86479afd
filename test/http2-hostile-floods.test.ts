import { before, describe, test } from 'node:test';
import {
  block,
  CODE,
  data,
  FLAG,
  frame,
  headers,
  literal,
  longHeaders,
  ping,
  priority,
  request,
  reset,
  settings,
  streamId,
  TYPE,
  times,
  windowUpdate,
} from './support/http2-raw.ts';
import { type RawOptions, RawPeer } from './support/http2-raw-peer.ts';
import { assertGoAway, Siege } from './support/http2-siege.ts';
import { suiteOwner } from './support/owner.ts';

const MIB = 1024 * 1024;
/** More than any limit lets pass. */
const MOST_BYTES = 16 * MIB;
const FLOOD_ON_MS = 3000;
const GET = request('/');
const NEVER_ANSWERED = request('/slow/60000');
/** Between HEADERS and CONTINUATION nothing else may come, not even an acknowledgement. */
const SILENT = { acknowledges: false };
const UPLOAD = request('/echo', [], 'POST');

describe('callers that flood the proxy lose their connection, and nobody else notices', { timeout: 300_000 }, () => {
  const owner = suiteOwner();
  let siege: Siege;

  before(async () => {
    // What is allowed in a time is used up on the slowest machine, too.
    siege = await Siege.start(owner, { settings: { 'flood-window': '10m' } });
  });

  /** What is sent, once or again and again, ends in GOAWAY with ENHANCE_YOUR_CALM or what else is said. */
  function flood(
    name: string,
    send: (peer: RawPeer) => Promise<unknown>,
    says: RegExp,
    code: number = CODE.calm,
    options: RawOptions = {},
  ): void {
    test(name, async () => {
      const run = async (peer: RawPeer) => {
        await send(peer);
        if (options.reads === false) {
          peer.read();
          // On a slow machine nothing was taken for so long that the flood ended before its time.
          await peer.until('GOAWAY', () => peer.refused, FLOOD_ON_MS).catch(() => send(peer));
        }
        await assertGoAway(peer, code, says);
      };
      await siege.attack(name, run, options);
      const last = await RawPeer.connect(siege.proxy.port, options);
      owner.after(() => last.end());
      await run(last);
    });
  }

  /** Streams of a client, each new. */
  function opening(count: number, write: (id: number) => Buffer): () => Buffer {
    let next = 0;
    return () => times(count, () => write(streamId(next++)));
  }

  flood(
    'rapid reset',
    (peer) =>
      peer.flood(
        opening(200, (id) => Buffer.concat([headers(id, GET), reset(id)])),
        MOST_BYTES,
      ),
    /stream-resets/,
  );

  flood(
    'rapid reset of requests that reached the service',
    async (peer) => {
      for (let batch = 0; batch < 20 && !peer.refused; batch++) {
        const ids = Array.from({ length: 100 }, (_, index) => streamId(batch * 100 + index));
        peer.write(...ids.map((id) => headers(id, NEVER_ANSWERED)));
        const before = peer.counts.get(TYPE.ping) ?? 0;
        peer.write(ping());
        await peer.until('the requests were passed on', () => peer.refused || (peer.counts.get(TYPE.ping) ?? 0) > before);
        peer.write(...ids.map((id) => reset(id)));
      }
    },
    /stream-resets/,
  );

  const ERRORS: Readonly<Record<string, (id: number) => Buffer>> = {
    'windows opened by nothing': (id) => Buffer.concat([headers(id, NEVER_ANSWERED), windowUpdate(id, 0)]),
    'windows that overflow': (id) => Buffer.concat([headers(id, NEVER_ANSWERED), windowUpdate(id, 0x7fffffff)]),
    'HEADERS behind the end of a request': (id) => Buffer.concat([headers(id, NEVER_ANSWERED), headers(id, block([['x', 'y']]))]),
    'DATA behind the end of a request': (id) => Buffer.concat([headers(id, NEVER_ANSWERED), data(id, 'late')]),
    'streams that depend on themselves': (id) => Buffer.concat([headers(id, NEVER_ANSWERED), priority(id, id)]),
    'PRIORITY of a wrong length': (id) => Buffer.concat([headers(id, NEVER_ANSWERED), frame(TYPE.priority, 0, id, Buffer.alloc(4))]),
    'more data than content-length says': (id) =>
      Buffer.concat([headers(id, request('/echo', [['content-length', '3']], 'POST'), false), data(id, 'four', true)]),
    'trailers that do not end their stream': (id) => Buffer.concat([headers(id, UPLOAD, false), headers(id, block([['x', 'y']]), false)]),
    'requests without a header': (id) => headers(id, Buffer.alloc(0)),
    'requests that are malformed': (id) => headers(id, request('/', [['Upper', 'case']])),
    'header lists over the limit': (id) => longHeaders(id, request('/', [['x', 'x'.repeat(65_500)]])),
  };
  for (const [name, write] of Object.entries(ERRORS)) {
    flood(`${name}, again and again`, (peer) => peer.flood(opening(20, write), MOST_BYTES), /stream-errors/);
  }

  flood(
    'headers that never end',
    async (peer) => {
      peer.write(frame(TYPE.headers, FLAG.endStream, 1, GET));
      await peer.flood(frame(TYPE.continuation, 0, 1, times(100, literal('x', 'y'.repeat(100)))), MOST_BYTES);
    },
    /max-header-list/,
    CODE.calm,
    SILENT,
  );
  flood(
    'CONTINUATION frames without anything in them',
    async (peer) => {
      peer.write(frame(TYPE.headers, FLAG.endStream, 1, GET));
      await peer.flood(times(500, frame(TYPE.continuation, 0, 1)), MOST_BYTES);
    },
    /CONTINUATION.*idle-frames/,
    CODE.calm,
    SILENT,
  );

  flood('SETTINGS', (peer) => peer.flood(times(100, settings({ window: 70_000 })), MOST_BYTES), /SETTINGS.*idle-frames/);
  flood('SETTINGS of a caller that does not read', (peer) => peer.flood(times(100, settings()), MOST_BYTES), /./, CODE.calm, {
    reads: false,
  });
  flood('acknowledgements of nothing', (peer) => peer.flood(times(500, frame(TYPE.settings, FLAG.ack, 0)), MOST_BYTES), /idle-frames/);
  flood('PING', (peer) => peer.flood(times(500, ping()), MOST_BYTES), /PING.*idle-frames/);
  flood('PING of a caller that does not read', (peer) => peer.flood(times(500, ping()), MOST_BYTES), /./, CODE.calm, { reads: false });
  flood('answers to PING that nobody sent', (peer) => peer.flood(times(500, ping(FLAG.ack)), MOST_BYTES), /idle-frames/);
  flood('PRIORITY', (peer) => peer.flood(times(500, priority(1, 3)), MOST_BYTES), /PRIORITY.*idle-frames/);
  flood('window updates of the connection', (peer) => peer.flood(times(500, windowUpdate(0, 1)), MOST_BYTES), /WINDOW_UPDATE.*idle-frames/);
  flood(
    'frames of unknown types',
    (peer) => peer.flood(times(500, frame(0xfa, 0xff, 1, Buffer.alloc(20))), MOST_BYTES),
    /unknown.*idle-frames/,
  );
  flood('GOAWAY', (peer) => peer.flood(times(500, frame(TYPE.goAway, 0, 0, Buffer.alloc(8))), MOST_BYTES), /GOAWAY.*idle-frames/);

  flood(
    'window updates of a stream',
    async (peer) => {
      peer.write(headers(1, NEVER_ANSWERED));
      await peer.flood(times(500, windowUpdate(1, 1)), MOST_BYTES);
    },
    /WINDOW_UPDATE.*idle-frames/,
  );
  flood(
    'DATA frames without data',
    async (peer) => {
      peer.write(headers(1, UPLOAD, false));
      await peer.flood(times(500, data(1, '')), MOST_BYTES);
    },
    /DATA.*idle-frames/,
  );
  flood(
    'DATA frames of padding alone',
    async (peer) => {
      peer.write(headers(1, UPLOAD, false));
      await peer.flood(times(50, frame(TYPE.data, FLAG.padded, 1, Buffer.concat([Buffer.from([255]), Buffer.alloc(255)]))), MOST_BYTES);
    },
    /DATA.*idle-frames/,
  );
  flood(
    'RST_STREAM for a stream that is over',
    async (peer) => {
      peer.write(headers(1, GET));
      await peer.until('the answer', () => peer.ended.has(1));
      await peer.flood(times(500, reset(1)), MOST_BYTES);
    },
    /RST_STREAM.*idle-frames/,
  );
  flood('RST_STREAM for a stream that never was', (peer) => peer.flood(times(500, reset(1)), MOST_BYTES), /RST_STREAM/, CODE.protocol);
  flood(
    'requests above the number of concurrent streams',
    (peer) =>
      peer.flood(
        opening(100, (id) => headers(id, NEVER_ANSWERED)),
        MOST_BYTES,
      ),
    /stream-errors/,
  );

  test('nobody waits for those to whom GOAWAY was said, though they never end their side', async () => {
    await siege.until('the victim is alone', (stat) => stat('polywire_http2_downstream_connections') === 1);
  });
});
