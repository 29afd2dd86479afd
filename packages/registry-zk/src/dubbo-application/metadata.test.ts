import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metadataFolder } from './metadata.ts';

test('metadata are where Dubbo writes them, also those of an application named like a part of the path', () => {
  assert.equal(metadataFolder('/dubbo/metadata', 'shop'), '/dubbo/metadata/shop');
  assert.equal(metadataFolder('/dubbo/metadata', 'dubbo'), '/dubbo/metadata/dubbo');
  assert.equal(metadataFolder('/shop/dubbo/metadata', 'shop'), '/shop/dubbo/metadata/shop');
  assert.equal(metadataFolder('/dubbo/metadata', 'metadata'), '/dubbo/metadata');
});
