import { type ConformanceCase, calling, check, checkBytes, checkSame, NotApplicable } from './case.ts';
import { describeMeaning } from './describe.ts';
import { fewestChanges } from './fewest-changes.ts';
import { Ids } from './ids.ts';
import { calls } from './samples.ts';
import { bytesOf, release, type Subject } from './subject.ts';

/** An id is at most eight bytes wide, ten as a varint. */
const ID_BYTES = 10;

/** Checks that only a few bytes changed, apart from the checksum: in one place, unless the author says how many there are in all. */
function checkOnlyIdChanged(subject: Subject, before: Buffer, after: Buffer, what: string): void {
  const { checksumBytes = 0, idBytes } = subject.options;
  const end = before.length - checksumBytes;
  if (idBytes !== undefined) {
    const lost = fewestChanges(before.subarray(0, end), after.subarray(0, after.length - checksumBytes));
    check(lost <= idBytes, `${what}: assignId() changed ${lost} bytes, more than idBytes allows`);
    return;
  }
  const grown = after.length - before.length;
  let first = 0;
  while (first < end && before[first] === after[first]) first++;
  let last = end - 1;
  while (last > first && before[last] === after[last + grown]) last--;
  check(last - first < ID_BYTES, `${what}: assignId() changed bytes from ${first} to ${last}, more than an id's`);
}

/** Level 2: whose frame it is. */
export const multiplexingCases: readonly ConformanceCase[] = [
  {
    facet: 'multiplexing',
    name: 'maxId is between 1 and 2^31 - 1',
    run(subject) {
      const { maxId } = new Ids(subject).facet;
      check(Number.isInteger(maxId) && maxId >= 1 && maxId <= 0x7fff_ffff, `maxId is ${maxId}`);
    },
  },
  {
    facet: 'multiplexing',
    name: 'assigning an id changes the id and nothing else',
    run(subject) {
      const ids = new Ids(subject);
      for (const { name, bytes } of calls(subject.options.samples)) {
        const meaning = describeMeaning(subject, subject.frame('downstream', bytes, name));
        for (const id of ids.interesting) {
          const what = `request "${name}" with id ${id}`;
          const assigned = ids.assign(bytes, id, what);
          checkSame(describeMeaning(subject, subject.frame('downstream', assigned, what)), meaning, what);
          checkOnlyIdChanged(subject, bytes, assigned, what);
          checkBytes(ids.assign(assigned, id, what), assigned, `${what}, assigned twice`);
        }
      }
    },
  },
  {
    facet: 'multiplexing',
    name: 'the id assigned to a request is found in the response that carries it, from 1 to maxId',
    run(subject) {
      const ids = new Ids(subject);
      for (const request of subject.request()) {
        for (const response of subject.response()) {
          for (const id of ids.interesting) {
            const what = `response "${response.name}" to request "${request.name}" with id ${id}`;
            const answer = ids.answer(response.bytes, ids.assign(request.bytes, id, what), what);
            checkSame(ids.assigned(answer, what), id, `${what}: assignedId()`);
          }
        }
      }
    },
  },
  {
    facet: 'multiplexing',
    name: 'assignedId of any response is one that core can have assigned, or undefined',
    run(subject) {
      const ids = new Ids(subject);
      const [request] = subject.request();
      for (const { name, bytes } of subject.response()) {
        const what = `response "${name}"`;
        const id = ids.assigned(bytes, what);
        if (id === undefined || request === undefined) continue;
        // An id that was read in part only (its lower half) is written back as another one.
        checkBytes(
          ids.answer(bytes, ids.assign(request.bytes, id, what), what),
          bytes,
          `${what}, whose assignedId() is ${id}, with that id`,
        );
      }
    },
  },
  {
    facet: 'multiplexing',
    name: "the caller's id comes back byte for byte, although the request's bytes are gone",
    run(subject) {
      const ids = new Ids(subject);
      for (const request of subject.request()) {
        for (const response of subject.response()) {
          const what = `response "${response.name}" to request "${request.name}"`;
          // What the caller must see: the response with the caller's id, written while the request is still whole.
          const wanted = ids.answer(response.bytes, request.bytes, what);
          if (response.answers === request.name) checkBytes(wanted, response.bytes, `${what}, restored to the id it was recorded with`);
          for (const id of ids.interesting) {
            const kept = subject.frame('downstream', request.bytes, what);
            const sent = calling(`${what}: assignId(${id})`, () => {
              const front = ids.facet.assignId(kept, id);
              return front === undefined ? bytesOf(kept) : Buffer.concat([front.front, bytesOf(kept).subarray(front.replaces)]);
            });
            release(kept);
            const answer = ids.answer(response.bytes, sent, what);
            checkBytes(ids.restore(answer, kept, what), wanted, `${what}, restored from id ${id}`);
          }
        }
      }
    },
  },
  {
    facet: 'multiplexing',
    name: 'two callers with the same id on one upstream connection each get their own answer',
    run(subject) {
      const ids = new Ids(subject);
      const [request] = subject.request();
      const [response] = subject.response();
      if (request === undefined || response === undefined) throw new NotApplicable('no pair of samples');
      if (ids.facet.maxId < 2) throw new NotApplicable('maxId is 1');
      const callers = [1, 2].map((id) => ({ id, kept: subject.frame('downstream', request.bytes, request.name) }));
      const wanted = ids.answer(response.bytes, request.bytes, response.name);
      const answers = callers.map(({ id, kept }) => {
        ids.facet.assignId(kept, id);
        release(kept);
        return ids.answer(response.bytes, ids.assign(request.bytes, id, request.name), response.name);
      });
      // The service answers in the other order.
      for (const { id, kept } of callers.toReversed()) {
        const answer = answers.find((bytes) => ids.assigned(bytes, response.name) === id);
        check(answer !== undefined, `no answer carries id ${id}`);
        checkBytes(ids.restore(answer, kept, response.name), wanted, `the answer of the caller with id ${id}`);
      }
    },
  },
];
