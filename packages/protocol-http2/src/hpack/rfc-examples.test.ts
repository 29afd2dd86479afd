import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HpackDecoder } from './decoder.ts';
import { HpackError } from './hpack-error.ts';

type Pairs = readonly (readonly [name: string, value: string])[];

interface Example {
  readonly section: string;
  /** One block after the other on one connection. */
  readonly blocks: readonly (readonly [hex: string, fields: Pairs])[];
  /** Then the dynamic table, newest first. */
  readonly table: Pairs;
}

const date21 = ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'] as const;
const date22 = ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'] as const;
const location = ['location', 'https://www.example.com'] as const;
const privately = ['cache-control', 'private'] as const;
const cookie = ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'] as const;
const gzip = ['content-encoding', 'gzip'] as const;
const authority = [':authority', 'www.example.com'] as const;
const noCache = ['cache-control', 'no-cache'] as const;
const custom = ['custom-key', 'custom-value'] as const;
const get = [':method', 'GET'] as const;

const requests: readonly Pairs[] = [
  [get, [':scheme', 'http'], [':path', '/'], authority],
  [get, [':scheme', 'http'], [':path', '/'], authority, noCache],
  [get, [':scheme', 'https'], [':path', '/index.html'], authority, custom],
];
const responses: readonly Pairs[] = [
  [[':status', '302'], privately, date21, location],
  [[':status', '307'], privately, date21, location],
  [[':status', '200'], privately, date22, location, gzip, cookie],
];

/** The examples of the responses assume a table of 256 octets. */
const TABLE_256 = ['3fe1 01', []] as const;

function blocks(hex: readonly string[], fields: readonly Pairs[]): Example['blocks'] {
  return hex.map((block, i) => [block, fields[i] ?? []] as const);
}

// RFC 7541, appendix C
const examples: readonly Example[] = [
  {
    section: 'C.2.1, a literal that is indexed',
    blocks: [['400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572', [['custom-key', 'custom-header']]]],
    table: [['custom-key', 'custom-header']],
  },
  {
    section: 'C.2.2, a literal without indexing',
    blocks: [['040c 2f73 616d 706c 652f 7061 7468', [[':path', '/sample/path']]]],
    table: [],
  },
  {
    section: 'C.2.3, a literal never indexed',
    blocks: [['1008 7061 7373 776f 7264 0673 6563 7265 74', [['password', 'secret']]]],
    table: [],
  },
  { section: 'C.2.4, an indexed field', blocks: [['82', [get]]], table: [] },
  {
    section: 'C.3, requests without Huffman code',
    blocks: blocks(
      [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
      requests,
    ),
    table: [custom, noCache, authority],
  },
  {
    section: 'C.4, requests with Huffman code',
    blocks: blocks(
      [
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ],
      requests,
    ),
    table: [custom, noCache, authority],
  },
  {
    section: 'C.5, responses without Huffman code',
    blocks: [
      TABLE_256,
      ...blocks(
        [
          `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073
           3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
          '4803 3330 37c1 c0bf',
          `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48
           514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
        ],
        responses,
      ),
    ],
    table: [cookie, gzip, date22],
  },
  {
    section: 'C.6, responses with Huffman code',
    blocks: [
      TABLE_256,
      ...blocks(
        [
          `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae
           43d3`,
          '4883 640e ffc1 c0bf',
          `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af
           2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
        ],
        responses,
      ),
    ],
    table: [cookie, gzip, date22],
  },
];

function decode(decoder: HpackDecoder, hex: string): Pairs {
  const block = Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
  return decoder.decode(block, 0, block.length).fields.map(({ name, value }) => [name, value]);
}

describe("the RFC's examples", () => {
  for (const { section, blocks, table } of examples) {
    it(`are decoded: ${section}`, () => {
      const decoder = new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 4096 });
      for (const [hex, fields] of blocks) assert.deepEqual(decode(decoder, hex), fields);
      table.forEach((field, i) => {
        assert.deepEqual(decode(decoder, (0x80 + 62 + i).toString(16)), [field]);
      });
      assert.throws(() => decode(decoder, (0x80 + 62 + table.length).toString(16)), HpackError);
    });
  }
});
