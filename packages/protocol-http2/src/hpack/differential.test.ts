import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HeaderField } from '@polywire/core/spi';
import hpack from 'hpack.js';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder } from './encoder.ts';
import { encode, generator, HeaderLists, runs, SEED } from './header-lists.test-support.ts';

type Decompressor = ReturnType<typeof hpack.decompressor.create>;
type Compressor = ReturnType<typeof hpack.compressor.create>;

function theirs(decompressor: Decompressor, block: Buffer): Promise<HeaderField[]> {
  return new Promise((resolve, reject) => {
    decompressor.write(block);
    decompressor.execute((error) => {
      if (error !== null) return reject(error);
      const fields: HeaderField[] = [];
      for (let read = decompressor.read(); read !== null; read = decompressor.read()) {
        fields.push({ name: read.name, value: read.value, neverIndexed: read.neverIndex === true });
      }
      resolve(fields);
    });
  });
}

function compressed(compressor: Compressor, fields: readonly HeaderField[]): Buffer {
  compressor.write(fields.map(({ name, value, neverIndexed }) => ({ name, value, neverIndex: neverIndexed })));
  return compressor.read() ?? Buffer.alloc(0);
}

describe('hpack.js', () => {
  it('decodes what we encode, as we do', async () => {
    const random = generator(SEED);
    const lists = new HeaderLists(random);
    for (let session = 0; session < runs(20); session++) {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 2 ** 30 });
      const decompressor = hpack.decompressor.create({ table: { maxSize: 4096 } });
      for (let run = 0; run < 40; run++) {
        while (random(12) === 0) encoder.setMaxTableBytes([0, 60, 300, 4096][random(4)] ?? 0);
        const block = encode(encoder, lists.next());
        const { fields } = decoder.decode(block, 0, block.length);
        assert.deepEqual(await theirs(decompressor, block), fields, `POLYWIRE_SEED=${SEED}: ${block.toString('hex')}`);
      }
    }
  });

  it('encodes what we decode', () => {
    const random = generator(SEED + 1);
    const lists = new HeaderLists(random);
    for (let session = 0; session < runs(20); session++) {
      const compressor = hpack.compressor.create({ table: { maxSize: 4096 } });
      const decoder = new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 2 ** 30 });
      for (let run = 0; run < 40; run++) {
        const fields = lists.next();
        const block = compressed(compressor, fields);
        assert.deepEqual(decoder.decode(block, 0, block.length).fields, fields, `POLYWIRE_SEED=${SEED}: ${block.toString('hex')}`);
      }
    }
  });
});
