import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bytes, generator, SEED } from './header-lists.test-support.ts';
import { CODE_BITS, CODES, EOS } from './huffman-code.ts';
import { decodeHuffman, huffmanLength, huffmanRoom } from './huffman-decode.ts';
import { encodeHuffman, huffmanBytes } from './huffman-encode.ts';

function coded(text: string): Buffer {
  const length = huffmanBytes(text);
  const out = Buffer.alloc(length + 8);
  assert.equal(encodeHuffman(text, out, 0, length), length);
  return out.subarray(0, length);
}

/** The text of coded bytes, or undefined when they are bad. */
function text(code: Buffer): string | undefined {
  const out = Buffer.alloc(huffmanRoom(code.length));
  const length = decodeHuffman(code, 0, code.length, out);
  assert.equal(huffmanLength(code, 0, code.length), length);
  return length < 0 ? undefined : out.toString('latin1', 0, length);
}

/** Bytes of a string of 0 and 1. */
function bits(pattern: string): Buffer {
  return Buffer.from((pattern.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, '1'), 2)));
}

function codeOf(symbol: number): string {
  return (CODES[symbol] ?? 0).toString(2).padStart(CODE_BITS[symbol] ?? 0, '0');
}

describe('Huffman code', () => {
  it("is the RFC's", () => {
    assert.deepEqual(coded('www.example.com'), bytes('f1e3 c2e5 f23a 6ba0 ab90 f4ff'));
    assert.deepEqual(coded('Mon, 21 Oct 2013 20:13:21 GMT'), bytes('d07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff'));
    assert.equal(codeOf(0), '1111111111000');
    assert.equal(codeOf(10), '111111111111111111111111111100');
    assert.equal(codeOf(0x3c), '111111111111100');
    assert.equal(codeOf(255), '11111111111111111111101110');
    assert.equal(codeOf(EOS), '1'.repeat(30));
  });

  it('round-trips every byte beside every other', () => {
    for (let first = 0; first < 256; first++) {
      for (let second = 0; second < 256; second++) {
        const pair = String.fromCharCode(first, second);
        assert.equal(text(coded(pair)), pair);
      }
    }
  });

  it('round-trips random strings', () => {
    const random = generator(SEED);
    for (let run = 0; run < 2000; run++) {
      const value = String.fromCharCode(...Array.from({ length: random(100) }, () => random(256)));
      assert.equal(text(coded(value)), value, `POLYWIRE_SEED=${SEED}`);
    }
  });

  it('is padded with up to seven bits of EOS, and nothing else', () => {
    // "0" takes five bits, "&" eight, "X" eight
    assert.equal(text(bits('00000' + '111')), '0');
    assert.equal(text(bits('00000' + '110')), undefined);
    assert.equal(text(bits('00000' + '000')), undefined);
    assert.equal(text(bits('11111000')), '&');
    assert.equal(text(bits('11111000' + '11111111')), undefined);
    assert.equal(text(bits(`00000${'1'.repeat(11)}`)), undefined);
    assert.equal(text(bits('1111111')), undefined);
    for (let padding = 0; padding < 8; padding++) {
      const zeros = '00000'.repeat(padding);
      assert.equal(text(bits(zeros)), '0'.repeat(padding));
    }
  });

  it('is bad where it holds EOS, at any bit', () => {
    for (let before = 0; before < 8; before++) {
      const zeros = '00000'.repeat(before);
      assert.equal(text(bits(`${zeros}${codeOf(EOS)}`)), undefined);
      assert.equal(text(bits(`${zeros}${codeOf(EOS)}00000`)), undefined);
    }
  });

  it('is bad where a code breaks off', () => {
    assert.equal(text(bits(codeOf(10).slice(0, 24))), undefined);
    assert.equal(text(Buffer.alloc(3, 0xff)), undefined);
    assert.equal(text(Buffer.alloc(0)), '');
  });

  it('stops where it gets too long', () => {
    const out = Buffer.alloc(100);
    assert.equal(encodeHuffman('000', out, 0, 1), 0);
    assert.equal(encodeHuffman('000', out, 0, 2), 2);
    assert.equal(encodeHuffman('\n\n\n', out, 10, 13), 0);
  });
});
