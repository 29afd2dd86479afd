import { CodecError, type Frame, type LocalReplyReason, type Mediation } from '@polywire/core/spi';
import { type ConformanceCase, calling, check, checkBytes, checkSame, fail, NotApplicable } from './case.ts';
import { Ids } from './ids.ts';
import { release, type Subject } from './subject.ts';

const REASONS: readonly LocalReplyReason[] = [
  'no-route',
  'no-healthy-upstream',
  'overflow',
  'timeout',
  'denied',
  'upstream-reset',
  'too-large',
  'bad-request',
  'internal',
];
const MESSAGE = 'the conformance suite says no';
/** Texts that break replies built without care: line ends, quotes, NUL, multi-byte, astral, half a surrogate pair, long. */
const AWKWARD_MESSAGES = ['two\r\nlines\n', '"quoted" \\', 'a\0b', 'größer 服务', '🙂', '\ud83d', 'long '.repeat(20_000)];

export function mediationOf(subject: Subject): Mediation<Frame> {
  const { mediation } = subject.protocol;
  if (mediation === undefined) throw new NotApplicable('the protocol has no mediation facet');
  return mediation;
}

/** Makes a local reply and checks that the caller would take it for one answer that is not ok. */
export function checkedReply(subject: Subject, request: Frame, reason: LocalReplyReason, message: string, what: string): Buffer {
  const reply = calling(`${what}: localReply(${reason})`, () => mediationOf(subject).localReply(request, { reason, message }));
  check(Buffer.isBuffer(reply) && reply.length > 0, `${what}: localReply(${reason}) is empty`);
  const response = subject.frame('upstream', reply, `${what}: localReply(${reason})`);
  checkSame([response.kind, response.defect], ['response', undefined], `${what}: kind and defect of localReply(${reason})`);
  const outcome = subject.protocol.routing?.outcome(response);
  check(outcome !== 'ok', `${what}: the outcome of localReply(${reason}) is ok`);
  return Buffer.from(reply);
}

function checkCallersId(subject: Subject, bytes: Buffer, what: string): void {
  if (subject.protocol.multiplexing === undefined) return;
  const ids = new Ids(subject);
  const caller = subject.frame('downstream', bytes, what);
  const reply = checkedReply(subject, caller, 'internal', MESSAGE, what);
  checkBytes(ids.restore(reply, caller, what), reply, `${what}: a local reply has not the caller's id; with it`);
  for (const id of ids.interesting) {
    const numbered = subject.frame('downstream', ids.assign(bytes, id, what), what);
    const found = ids.assigned(checkedReply(subject, numbered, 'internal', MESSAGE, what), what);
    checkSame(found, id, `${what}: the id in the local reply to a request with id ${id}`);
  }
}

/** Level 4: how the proxy says no. */
export const replyCases: readonly ConformanceCase[] = [
  {
    facet: 'mediation',
    name: 'a local reply for every reason is one response that is not ok and says why',
    run(subject) {
      for (const { name, bytes } of subject.request()) {
        for (const reason of REASONS) {
          const what = `request "${name}"`;
          const reply = checkedReply(subject, subject.frame('downstream', bytes, what), reason, MESSAGE, what);
          check(reply.includes(MESSAGE), `${what}: localReply(${reason}) does not contain its message`);
        }
      }
    },
  },
  {
    facet: 'mediation',
    name: "a local reply carries the caller's id",
    run(subject) {
      if (subject.protocol.multiplexing === undefined) throw new NotApplicable('the protocol has no multiplexing facet');
      for (const { name, bytes } of subject.request()) checkCallersId(subject, bytes, `request "${name}"`);
    },
  },
  {
    facet: 'mediation',
    name: "a local reply is the same after the request's bytes were let go, and after its id was replaced",
    run(subject) {
      for (const { name, bytes } of subject.request()) {
        for (const reason of REASONS) {
          const what = `request "${name}"`;
          const wanted = checkedReply(subject, subject.frame('downstream', bytes, what), reason, MESSAGE, what);
          const kept = subject.frame('downstream', bytes, what);
          subject.protocol.multiplexing?.assignId(kept, 1);
          release(kept);
          checkBytes(checkedReply(subject, kept, reason, MESSAGE, what), wanted, `${what}: localReply(${reason}) without bytes`);
        }
      }
    },
  },
  {
    facet: 'mediation',
    name: 'messages with line ends, quotes, NUL or any script do not break a local reply out of its frame',
    run(subject) {
      for (const { name, bytes } of subject.request()) {
        const request = subject.frame('downstream', bytes, name);
        for (const message of AWKWARD_MESSAGES) {
          checkedReply(subject, request, 'denied', message, `request "${name}", message ${JSON.stringify(message.slice(0, 20))}`);
        }
      }
    },
  },
  {
    facet: 'mediation',
    name: 'a request with a defect is answered as a bad request',
    run(subject) {
      const bad = subject.options.malformed?.filter(({ side }) => side !== 'upstream') ?? [];
      let answered = 0;
      for (const { name, bytes } of bad) {
        for (const frame of defects(subject, bytes, name)) {
          checkedReply(subject, frame, 'bad-request', frame.defect ?? MESSAGE, `malformed "${name}"`);
          answered++;
        }
      }
      if (answered === 0) throw new NotApplicable('no malformed sample is a request with a defect');
    },
  },
];

function defects(subject: Subject, bytes: Buffer, name: string): Frame[] {
  try {
    return subject.decode('downstream', [Buffer.from(bytes)]).filter(({ kind, defect }) => kind === 'request' && defect !== undefined);
  } catch (error) {
    if (error instanceof CodecError) return [];
    return fail(`malformed "${name}": ${String(error)}`);
  }
}
