import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Field, ourHpack, pythonHpack } from './support/http2-hpack.ts';
import { requireHttp2 } from './support/http2-requirements.ts';

const TABLE_SIZES = [0, 50, 100, 400, 1000, 4096];

describe("Python's hpack and ours", { skip: requireHttp2('python') }, async () => {
  const { SEED, generator, runs, encode, HeaderLists, HpackDecoder, HpackEncoder } = await ourHpack();
  const repeat = `POLYWIRE_SEED=${SEED}`;

  test('it decodes what we encode, as we do', async () => {
    const random = generator(SEED);
    const lists = new HeaderLists(random);
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 2 ** 30 });
    const blocks: string[] = [];
    const ours: Field[][] = [];
    for (let run = 0; run < runs(3000); run++) {
      while (random(60) === 0) encoder.setMaxTableBytes(TABLE_SIZES[random(TABLE_SIZES.length)] ?? 0);
      const block = encode(encoder, lists.next());
      blocks.push(block.toString('hex'));
      ours.push(decoder.decode(block, 0, block.length).fields.map(({ name, value, neverIndexed }) => [name, value, neverIndexed]));
    }
    const theirs = await pythonHpack({ op: 'decode', blocks });
    ours.forEach((fields, i) => {
      assert.deepEqual(theirs[i], fields, `block ${i} of ${repeat}: ${blocks[i]}`);
    });
  });

  test('we decode what it encodes', async () => {
    const random = generator(SEED + 1);
    const lists = new HeaderLists(random);
    const steps = Array.from({ length: runs(3000) }, () => {
      const fields = lists.next().map(({ name, value, neverIndexed }): Field => [name, value, neverIndexed]);
      const table = random(60) === 0 ? { table: TABLE_SIZES[random(TABLE_SIZES.length)] ?? 0 } : {};
      return { fields, huffman: random(4) > 0, ...table };
    });
    const blocks = await pythonHpack({ op: 'encode', steps });
    const decoder = new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 2 ** 30 });
    steps.forEach(({ fields }, i) => {
      const block = Buffer.from(blocks[i] ?? '', 'hex');
      const ours = decoder.decode(block, 0, block.length).fields;
      const context = `block ${i} of ${repeat}: ${blocks[i]}`;
      assert.deepEqual(
        ours.map(({ name, value }) => [name, value]),
        fields.map(([name, value]) => [name, value]),
        context,
      );
      // It writes the index of a whole field that a table has also where it should be kept out of tables.
      ours.forEach(({ neverIndexed }, at) => {
        if (neverIndexed) assert.ok(fields[at]?.[2], context);
      });
    });
  });
});
