import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublishedService } from '@polywire/core/spi';
import { dubboService } from '../dubbo/service.ts';
import { servicesOf } from '../dubbo-application/metadata.ts';
import { jsonObject } from '../json.ts';
import { providerOf, publishedService } from '../testing/published.ts';
import { applicationRevision } from './application-metadata.ts';

function service(name: string, more: Readonly<Record<string, string>> = {}): PublishedService {
  return publishedService(dubboService({ name, group: 'g', version: undefined }, 'dubbo'), [providerOf(more)]);
}

test('a revision is of what is offered, in whatever order', async () => {
  const [a, b] = [service('a.A', { retries: '2' }), service('a.B')];
  const made = await applicationRevision('app', [a, b]);
  assert.deepEqual(made, await applicationRevision('app', [b, service('a.A', { retries: '2' })]));
  assert.notEqual(made?.revision, (await applicationRevision('app', [a, service('a.B', { retries: '2' })]))?.revision);
  assert.notEqual(made?.revision, (await applicationRevision('other', [a, b]))?.revision);
  const metadata = jsonObject(made?.content ?? '');
  assert.deepEqual([metadata?.['app'], metadata?.['revision']], ['app', made?.revision]);
  assert.deepEqual(
    servicesOf(metadata)?.map(({ name, protocol, parameters }) => [name, protocol, parameters.get('group'), parameters.get('retries')]),
    [
      ['a.A', 'dubbo', 'g', '2'],
      ['a.B', 'dubbo', 'g', undefined],
    ],
  );
});

test('more than ZooKeeper keeps in a node is found to be too much before all of it is written out', async () => {
  let looks = 0;
  function* services(): Generator<PublishedService> {
    for (; looks < 1_000; looks++) yield service(`a.B${looks}`, { note: 'n'.repeat(10_000) });
  }
  assert.equal(await applicationRevision('app', services()), undefined);
  assert.ok(looks < 110, `${looks} services`);
});
