/**
 * A protocol of lines, answered in order:
 *
 *   shop.Cart add user=ann tag=gray | two apples    a request: service, method, headers, and behind the bar the body
 *   !shop.Log write | something happened            the same without an answer
 *   OK two apples in the cart                       an answer
 *   ERR not-found no such cart                      an answer that says why not
 *   PING, PONG                                      keep-alives
 *
 * Values of headers are percent-encoded. There are no ids, so there is no multiplexing facet, and Polywire pairs requests and answers in
 * order, one at a time on each connection to a service.
 */
import {
  type CodecConnection,
  type CodecCore,
  CodecError,
  type FrameProtocol,
  type Peek,
  type Plugin,
  SPI_VERSION,
} from '@polywire/core/spi';
import { LineFrame } from './line-frame.ts';
import { editLine, localReply } from './line-mediation.ts';
import { LineRouting } from './line-routing.ts';

const LINE_FEED = 0x0a;
const PING = Buffer.from('PING\n');
const PONG = Buffer.from('PONG\n');
/** No service and method are longer than this together. */
const LONGEST_START = 512;
/** A service and a method, or a keep-alive; and what may become one. */
const START = /^(PING\r?\n|!?[A-Za-z][\w.]* [A-Za-z]\w*[ \r\n])/;
const MAYBE_START = /^(PING\r?|!?([A-Za-z][\w.]*( ([A-Za-z]\w*)?)?)?)$/;

/** Level 1. A line ends at its line feed, which may be far away: the connection remembers up to where there is none. */
class LineConnection implements CodecConnection<LineFrame> {
  readonly headerBytes = 1;
  #scanned = 0;

  measure(input: Peek): number | undefined {
    const first = input.uint8(0);
    if (first < 0x20 && first !== LINE_FEED && first !== 0x0d)
      throw new CodecError('LINE_START', 'a line of text does not begin with a control byte');
    const end = input.indexOf(LINE_FEED, this.#scanned);
    this.#scanned = end === -1 ? input.available : 0;
    return end === -1 ? undefined : end + 1;
  }

  parse(chunk: Buffer, from: number, to: number, length: number): LineFrame {
    return new LineFrame(chunk, from, to, length);
  }

  ping(): Buffer {
    return PING;
  }

  pong(): Buffer {
    return PONG;
  }
}

function line(core: CodecCore): FrameProtocol<LineFrame> {
  return {
    name: 'line',
    detect(head) {
      const text = head.toString('latin1', 0, LONGEST_START);
      if (START.test(text)) return 'match';
      return text.length < LONGEST_START && MAYBE_START.test(text) ? 'need-more' : 'no-match';
    },
    connection: () => new LineConnection(),
    routing: new LineRouting(core),
    mediation: { edit: editLine, localReply },
  };
}

/** What Polywire looks for in a plugin. */
export const plugin: Plugin = { name: 'line-protocol', spiVersion: SPI_VERSION, protocols: [line] };
