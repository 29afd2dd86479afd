import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressBook } from './address-book.ts';

const addresses = (...list: string[]) => list.map((address) => ({ address, family: 4 }));

test('addresses of a name take turns, whatever order the resolver answers in', async () => {
  let asked = 0;
  const answers = [addresses('10.0.0.1', '10.0.0.2', '10.0.0.3'), addresses('10.0.0.3', '10.0.0.1', '10.0.0.2')];
  const book = new AddressBook(async () => answers[asked++ % 2] ?? []);
  const seen = new Set<string>();
  for (let i = 0; i < 3; i++) seen.add((await book.next('zk')).address);
  assert.deepEqual([...seen].sort(), ['10.0.0.1', '10.0.0.2', '10.0.0.3']);
  assert.equal(
    book.count([
      { host: 'zk', port: 1 },
      { host: 'unasked', port: 1 },
    ]),
    4,
  );
});

test('an address is not looked up', async () => {
  const book = new AddressBook(() => assert.fail('asked'));
  assert.deepEqual(await book.next('::1'), { address: '::1', family: 6 });
  assert.deepEqual(await book.all('127.0.0.1'), ['127.0.0.1']);
});

test('a look-up that hangs is asked once', async () => {
  let asked = 0;
  let answer: (list: ReturnType<typeof addresses>) => void = () => {};
  const book = new AddressBook(() => {
    asked++;
    return new Promise((resolve) => {
      answer = resolve;
    });
  });
  const waiting = [book.next('zk'), book.next('zk'), book.all('zk')];
  answer(addresses('10.0.0.1'));
  await Promise.all(waiting);
  assert.equal(asked, 1);
  const again = book.all('zk');
  answer(addresses());
  assert.deepEqual(await again, []);
  assert.equal(asked, 2);
});

test('a name without an address is an error that names it', async () => {
  await assert.rejects(new AddressBook(async () => []).next('zk'), /zk has no address/);
});
