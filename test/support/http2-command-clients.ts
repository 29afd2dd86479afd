import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fieldsByName, type Http2Answer, type Http2Client, methodOf } from './http2-clients.ts';

const ANSWER_TIMEOUT_MILLISECONDS = 90_000;
const LARGEST_BODY_BYTES = 256 * 1024 * 1024;

export const curl: Http2Client = {
  name: 'curl',
  sendsTrailers: false,
  send: (request) =>
    inFolder(async (folder) => {
      const [head, body, upload] = [join(folder, 'head'), join(folder, 'body'), join(folder, 'upload')];
      const args = ['--silent', '--show-error', '--insecure', '--http2-prior-knowledge', '--dump-header', head, '--output', body];
      const method = methodOf(request);
      args.push(...(method === 'HEAD' ? ['--head'] : ['--request', method]));
      if (request.authority !== undefined) args.push('--header', `host: ${request.authority}`);
      for (const [name, value] of Object.entries(request.headers ?? {})) args.push('--header', `${name}: ${value}`);
      if (request.body !== undefined) {
        writeFileSync(upload, request.body);
        args.push('--data-binary', `@${upload}`);
      }
      await run('curl', [...args, `${request.origin}${request.path}`]);
      return { ...curlHead(readFileSync(head, 'latin1')), body: method === 'HEAD' ? Buffer.alloc(0) : readFileSync(body) };
    }),
};

/** nghttp prints an answer's fields or its body: each request is sent twice. */
export const nghttp: Http2Client = {
  name: 'nghttp',
  sendsTrailers: true,
  send: (request) =>
    inFolder(async (folder) => {
      const args = ['--no-verify-peer', '-H', `:method: ${methodOf(request)}`];
      if (request.authority !== undefined) args.push('-H', `:authority: ${request.authority}`);
      for (const [name, value] of Object.entries(request.headers ?? {})) args.push('-H', `${name}: ${value}`);
      for (const [name, value] of Object.entries(request.trailers ?? {})) args.push('--trailer', `${name}: ${value}`);
      if (request.body !== undefined || request.trailers !== undefined) {
        const upload = join(folder, 'upload');
        writeFileSync(upload, request.body ?? '');
        args.push('-d', upload);
      }
      const url = `${request.origin}${request.path}`;
      const body = await run('nghttp', [...args, url]);
      return { ...nghttpHead((await run('nghttp', [...args, '-nv', url])).toString('latin1')), body };
    }),
};

/** Blocks of lines, one for each answer on the way to the last; what comes after the last one are its trailers. */
function curlHead(text: string): Omit<Http2Answer, 'body'> {
  const blocks = text.split('\r\n\r\n').filter((block) => block !== '');
  const statuses = blocks.map((block) => Number(/^HTTP\/2 (\d+)/.exec(block)?.[1] ?? 0));
  const final = statuses.findIndex((status) => status >= 200);
  const fields = (block = '') =>
    fieldsByName([...block.matchAll(/^([^:\r\n]+): (.*?)\r?$/gm)].map(([, name = '', value = '']) => [name, value]));
  return {
    status: statuses[final] ?? 0,
    headers: fields(blocks[final]),
    trailers: fields(blocks[final + 1]),
    interim: statuses.slice(0, Math.max(0, final)),
  };
}

/** From lines as `[  0.001] recv (stream_id=13) :status: 200`, and those of frames between them. */
function nghttpHead(log: string): Omit<Http2Answer, 'body'> {
  const blocks: [string, string][][] = [[]];
  for (const line of log.split('\n')) {
    const [, name, value] = /recv \(stream_id=\d+\) (:?[^:]+): (.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) blocks.at(-1)?.push([name, value]);
    else if (line.includes('recv HEADERS frame')) blocks.push([]);
  }
  const statuses = blocks.map((block) => Number(block.find(([name]) => name === ':status')?.[1] ?? 0));
  const final = statuses.findIndex((status) => status >= 200);
  if (final === -1) throw new Error(`nghttp saw no answer:\n${log}`);
  const fields = (block: readonly [string, string][] = []) => fieldsByName(block.filter(([name]) => !name.startsWith(':')));
  return {
    status: statuses[final] ?? 0,
    headers: fields(blocks[final]),
    trailers: fields(blocks[final + 1]),
    interim: statuses.slice(0, final),
  };
}

async function run(command: string, args: readonly string[]): Promise<Buffer> {
  const options = { timeout: ANSWER_TIMEOUT_MILLISECONDS, maxBuffer: LARGEST_BODY_BYTES, encoding: 'buffer' as const };
  return (await promisify(execFile)(command, args, options)).stdout;
}

async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'polywire-client-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
