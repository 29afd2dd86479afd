import type { CodecConnection, Frame, FrameKind } from '@polywire/core/spi';
import { type ConformanceCase, calling, check, checkBytes, checkSame, NotApplicable } from './case.ts';
import type { Side } from './samples.ts';
import type { Subject } from './subject.ts';

const SIDES: readonly Side[] = ['downstream', 'upstream'];
const IDS = [1, 2, 255, 256, 65_536, 0x7fff_ffff];

/** A proxy's upstream connection talks to a service, which reads as a proxy's downstream connection does. */
function otherSide(side: Side): Side {
  return side === 'upstream' ? 'downstream' : 'upstream';
}

function onlyFrame(subject: Subject, side: Side, bytes: Buffer, kind: FrameKind, what: string): Frame {
  check(Buffer.isBuffer(bytes) && bytes.length > 0, `${what} is empty`);
  const frame = subject.frame(side, bytes, what);
  checkSame([frame.kind, frame.defect], [kind, undefined], `${what}: kind and defect`);
  return frame;
}

function withSome(present: (connection: CodecConnection<Frame>) => boolean, name: string, subject: Subject): Side[] {
  const sides = SIDES.filter((side) => present(subject.connection(side)));
  if (sides.length === 0) throw new NotApplicable(`the codec has no ${name}()`);
  return sides;
}

function idsOf(subject: Subject): number[] {
  const { maxId } = subject.protocol.multiplexing ?? { maxId: 0x7fff_ffff };
  return IDS.filter((id) => id <= maxId);
}

/** Level 4: keep-alives and farewells. */
export const heartbeatCases: readonly ConformanceCase[] = [
  {
    facet: 'heartbeat',
    name: 'a ping is one ping to the other side',
    run(subject) {
      for (const side of withSome(({ ping }) => ping !== undefined, 'ping', subject)) {
        for (const id of idsOf(subject)) {
          const bytes = calling(`ping(${id})`, () => subject.connection(side).ping?.(id) ?? Buffer.alloc(0));
          onlyFrame(subject, otherSide(side), bytes, 'ping', `ping(${id}) of the ${side} connection`);
        }
      }
    },
  },
  {
    facet: 'heartbeat',
    name: 'a pong is one pong to the side that asked, with the id of its ping',
    run(subject) {
      withSome(({ pong }) => pong !== undefined, 'pong', subject);
      for (const side of withSome(({ ping }) => ping !== undefined, 'ping', subject)) {
        const seen = new Map<string, string>();
        for (const id of idsOf(subject)) {
          const what = `the pong for ping(${id}) of the ${side} connection`;
          const ping = subject.connection(side).ping?.(id) ?? Buffer.alloc(0);
          const answerer = subject.connection(otherSide(side));
          const heard = subject.frame(otherSide(side), ping, what);
          const pong = calling(what, () => answerer.pong?.(heard));
          if (pong === undefined) continue;
          const frame = onlyFrame(subject, side, pong, 'pong', what);
          const found = subject.protocol.multiplexing?.assignedId(frame);
          check(found === undefined || found === id, `${what} carries id ${found}`);
          const same = seen.get(pong.toString('hex'));
          check(same === undefined || same === ping.toString('hex'), `${what} is the pong of another ping`);
          seen.set(pong.toString('hex'), ping.toString('hex'));
        }
      }
    },
  },
  {
    facet: 'heartbeat',
    name: 'each ping sample is answered with a pong, the expected one if there is one',
    run(subject) {
      const pings = subject.options.samples.ping ?? [];
      if (pings.length === 0) throw new NotApplicable('no ping sample');
      for (const { name, bytes, side = 'downstream', pong: expected } of pings) {
        const what = `the pong for ping "${name}"`;
        const frame = subject.frame(side, bytes, what);
        const pong = calling(what, () => subject.connection(side).pong?.(frame));
        if (pong !== undefined) onlyFrame(subject, otherSide(side), pong, 'pong', what);
        if (expected === undefined) continue;
        check(pong !== undefined, `${what} is missing`);
        checkBytes(pong, expected, what);
      }
    },
  },
  {
    facet: 'heartbeat',
    name: 'a go-away to a caller is one go-away',
    run(subject) {
      const connection = subject.connection('downstream');
      if (connection.goAway === undefined) throw new NotApplicable('the codec has no goAway()');
      onlyFrame(
        subject,
        'upstream',
        calling('goAway()', () => connection.goAway?.() ?? Buffer.alloc(0)),
        'goaway',
        'goAway()',
      );
    },
  },
];
