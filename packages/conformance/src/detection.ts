import type { Detection } from '@polywire/core/spi';
import { type ConformanceCase, calling, check, NotApplicable } from './case.ts';
import type { Subject } from './subject.ts';

function detector(subject: Subject): (head: Buffer) => Detection {
  return (head) => {
    const said = calling('detect()', () => subject.protocol.detect?.(Buffer.from(head)));
    check(said === 'match' || said === 'no-match' || said === 'need-more', `detect() of ${head.toString('hex')} said ${said}`);
    return said;
  };
}

/** Protocol detection, by the bytes a caller sends first. */
export const detectionCases: readonly ConformanceCase[] = [
  {
    facet: 'detection',
    name: 'a whole request matches, no prefix of it is refused, and a match stays one',
    run(subject) {
      const detect = detector(subject);
      for (const { name, bytes } of subject.request()) {
        let matched = false;
        for (let reached = 0; reached <= Math.min(bytes.length, 256); reached++) {
          const said = detect(bytes.subarray(0, reached));
          check(said !== 'no-match', `request "${name}": no-match after ${reached} bytes`);
          check(!matched || said === 'match', `request "${name}": a match before, ${said} after ${reached} bytes`);
          matched = said === 'match';
        }
        check(detect(bytes) === 'match', `request "${name}": the whole frame is no match`);
      }
    },
  },
  {
    facet: 'detection',
    name: 'bytes of other protocols are refused in the end',
    run(subject) {
      const detect = detector(subject);
      const strangers = [
        'GET / HTTP/1.1\r\nhost: a\r\n\r\n',
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
        '\u0016\u0003\u0001\u0002\u0000\u0001',
        '\0'.repeat(64),
      ];
      const refused = strangers.filter((text) => detect(Buffer.from(text, 'latin1')) === 'no-match');
      if (refused.length === 0) throw new NotApplicable('the detector refuses none of HTTP/1, HTTP/2, TLS and zeros');
      check(refused.length >= 2, 'the detector takes HTTP/1, HTTP/2, TLS or zeros for its own');
    },
  },
];
