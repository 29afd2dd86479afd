import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { pythonClient } from './http2-build.ts';

export type Field = readonly [name: string, value: string, neverIndexed: boolean];

/** What Python's hpack is to do in one run. */
export type HpackCommand =
  | { readonly op: 'decode'; readonly blocks: readonly string[] }
  | { readonly op: 'encode'; readonly steps: readonly { fields: readonly Field[]; huffman: boolean; table?: number }[] };

const TIMEOUT_MILLISECONDS = 120_000;
// This file runs as test/dist/support/http2-hpack.js.
const PEER = fileURLToPath(new URL('../../peers/http2/python/hpack_peer.py', import.meta.url));

/** Runs Python's hpack over blocks or lists: the fields of each block, or the block of each list in hex. */
export async function pythonHpack(command: Extract<HpackCommand, { op: 'decode' }>): Promise<Field[][]>;
export async function pythonHpack(command: Extract<HpackCommand, { op: 'encode' }>): Promise<string[]>;
export async function pythonHpack(command: HpackCommand): Promise<unknown> {
  const { command: python } = await pythonClient();
  const child = spawn(python, ['-B', PEER], { stdio: ['pipe', 'pipe', 'pipe'], timeout: TIMEOUT_MILLISECONDS });
  child.stdin.end(JSON.stringify(command));
  const [answer, complaint] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (complaint !== '') throw new Error(`hpack_peer.py: ${complaint}`);
  return JSON.parse(answer);
}

interface HeaderField {
  readonly name: string;
  readonly value: string;
  readonly neverIndexed: boolean;
}

/** Parts of the HTTP/2 package that it does not export. */
export interface OurHpack {
  readonly SEED: number;
  readonly generator: (seed: number) => (below: number) => number;
  readonly runs: (usual: number) => number;
  readonly encode: (encoder: Encoder, fields: readonly HeaderField[]) => Buffer;
  readonly HeaderLists: new (random: (below: number) => number) => { next(): readonly HeaderField[] };
  readonly HpackEncoder: new () => Encoder;
  readonly HpackDecoder: new (options: { maxTableBytes: number; maxListBytes: number }) => Decoder;
}
interface Encoder {
  setMaxTableBytes(allowed: number): void;
}
interface Decoder {
  decode(block: Buffer, from: number, to: number): { readonly fields: readonly HeaderField[] };
}

export async function ourHpack(): Promise<OurHpack> {
  const files = ['header-lists.test-support.js', 'encoder.js', 'decoder.js'];
  const modules = files.map((file) => import(new URL(`../../../packages/protocol-http2/dist/hpack/${file}`, import.meta.url).href));
  return Object.assign({}, ...(await Promise.all(modules)));
}
