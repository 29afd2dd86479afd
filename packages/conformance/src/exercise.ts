import type { Frame, Multiplexing } from '@polywire/core/spi';
import { calling, check, checkSame } from './case.ts';
import { edited, edits } from './edits.ts';
import { rewritten } from './ids.ts';
import { checkedReply } from './replies.ts';
import { OUTCOMES } from './routing.ts';
import { knownNames, names, type Scanned, scanner } from './scans.ts';
import { bytesOf, release, type Subject } from './subject.ts';

/** Calls everything of one facet that a frame allows; nothing may throw, and answers must agree with each other. */
export type Exercise = (frame: Frame, what: string) => void;

/** More headers than this from one frame can only come from a list that does not end. */
const MAX_HEADERS = 1_000_000;

function isCall({ kind }: Frame): boolean {
  return kind === 'request' || kind === 'oneway';
}

function isWhole(frame: Frame): boolean {
  return frame.to - frame.from === frame.length;
}

export function routingExercise(subject: Subject): Exercise {
  const { routing } = subject.protocol;
  if (routing === undefined) return () => undefined;
  const list = knownNames(subject);
  const together = scanner(subject, { names: list, timeout: true, affinity: true });
  const alone = list.map((name): ((frame: Frame) => Scanned) => scanner(subject, names([name])));
  return (frame, what) => {
    if (frame.kind === 'response') {
      const outcome = calling(`${what}: routing.outcome()`, () => routing.outcome(frame));
      check(OUTCOMES.includes(outcome), `${what}: outcome() is ${String(outcome)}`);
    }
    if (isCall(frame)) {
      const service = calling(`${what}: routing.service()`, () => routing.service(frame));
      const method = calling(`${what}: routing.method()`, () => routing.method(frame));
      check(typeof service === 'string' && typeof method === 'string', `${what}: service or method is no string`);
      const found = calling(what, () => together(frame));
      checkSame(
        found.values,
        calling(what, () => alone.flatMap((one) => one(frame).values)),
        `${what}: one walk, against one by one`,
      );
      calling(`${what}: routing.setRemainingMs()`, () => routing.setRemainingMs?.(frame, 1234));
    }
    if (!isWhole(frame)) return;
    let headers = 0;
    calling(`${what}: routing.headers()`, () => {
      for (const [name, value] of routing.headers(frame)) {
        check(typeof name === 'string' && typeof value === 'string', 'a header is no string');
        check(++headers <= MAX_HEADERS, 'the list of headers does not end');
      }
    });
  };
}

export function multiplexingExercise(subject: Subject): Exercise {
  const { multiplexing } = subject.protocol;
  const first = subject.options.samples.request[0];
  if (multiplexing === undefined || first === undefined) return () => undefined;
  const caller = subject.frame('downstream', first.bytes, first.name);
  release(caller);
  return (frame, what) => {
    if (isCall(frame)) {
      const front = calling(`${what}: assignId()`, () => multiplexing.assignId(frame, 1));
      rewritten(frame, front, what);
      requestExercise(multiplexing, frame, what);
      const dialect = calling(`${what}: dialect()`, () => subject.protocol.dialect?.(frame));
      check(dialect === undefined || (Number.isInteger(dialect) && dialect >= 0), `${what}: dialect() is ${dialect}`);
    }
    if (frame.kind !== 'response') return;
    const id = calling(`${what}: assignedId()`, () => multiplexing.assignedId(frame));
    const legal = id === undefined || (Number.isInteger(id) && id >= 1 && id <= multiplexing.maxId);
    check(legal, `${what}: assignedId() is ${id}`);
    const front = calling(`${what}: restoreId()`, () => multiplexing.restoreId(frame, caller));
    rewritten(frame, front, what);
  };
}

/** What else is asked of requests. */
function requestExercise(multiplexing: Multiplexing<Frame>, frame: Frame, what: string): void {
  calling(`${what}: assignable()`, () => multiplexing.assignable?.(frame));
  const objection = calling(`${what}: objection()`, () => multiplexing.objection?.(frame));
  check(objection !== '', `${what}: objection() has no words`);
  const id = calling(`${what}: callerId()`, () => multiplexing.callerId?.(frame));
  check(id === undefined || Number.isInteger(id), `${what}: callerId() is ${id}`);
}

export function mediationExercise(subject: Subject): Exercise {
  if (subject.protocol.mediation === undefined) return () => undefined;
  const change = edits({ remove: ['polywire-conformance-absent'], set: [['polywire-conformance-new', 'v']] });
  return (frame, what) => {
    if (isWhole(frame) && (isCall(frame) || frame.kind === 'response')) {
      const after = edited(subject, frame, change, what);
      const side = frame.kind === 'response' ? 'upstream' : 'downstream';
      if (after !== undefined && frame.defect === undefined) {
        const again = calling(`decoding ${what} after edit()`, () => subject.frame(side, after, what));
        checkSame(again.kind, frame.kind, `${what} after edit()`);
      }
    }
    if (frame.kind === 'request') checkedReply(subject, frame, 'bad-request', frame.defect ?? 'no', what);
  };
}

export function heartbeatExercise(subject: Subject): Exercise {
  const connection = subject.connection('downstream');
  return (frame, what) => {
    if (frame.kind === 'ping' && isWhole(frame)) calling(`${what}: pong()`, () => connection.pong?.(frame));
    // A frame keeps nothing of the connection that it came from: letting go of it must be harmless.
    check(bytesOf(frame).length === frame.to - frame.from, `${what}: the frame's range lies outside of its chunk`);
  };
}
