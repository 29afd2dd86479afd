import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const EXTRA_MILLISECONDS = 120_000;

export interface H2load {
  readonly port: number;
  readonly path?: string;
  readonly authority?: string;
  readonly requests: number;
  readonly connections?: number;
  /** Requests in flight on each connection. */
  readonly streams?: number;
  /** Sent with each request; they are GETs without it. */
  readonly bodyFile?: string;
  readonly timeout?: number;
}

export interface H2loadReport {
  readonly done: number;
  readonly succeeded: number;
  /** Failed, errored or timed out. */
  readonly failed: number;
  readonly perSecond: number;
}

/** Runs h2load, in cleartext with prior knowledge. */
export async function runH2load(load: H2load): Promise<H2loadReport> {
  const { connections = 4, streams = 16, authority, bodyFile, timeout = EXTRA_MILLISECONDS } = load;
  const args = [
    '-n',
    `${load.requests}`,
    '-c',
    `${connections}`,
    '-m',
    `${streams}`,
    ...(bodyFile === undefined ? [] : ['-d', bodyFile]),
    ...(authority === undefined ? [] : ['-H', `:authority: ${authority}`]),
  ];
  const { stdout } = await promisify(execFile)('h2load', [...args, `http://127.0.0.1:${load.port}${load.path ?? '/'}`], { timeout });
  const [, done, succeeded, failed] =
    /requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded, (\d+) failed/.exec(stdout)?.map(Number) ?? [];
  if (done === undefined || succeeded === undefined || failed === undefined) throw new Error(`h2load said:\n${stdout}`);
  return { done, succeeded, failed, perSecond: Number(/, ([\d.]+) req\/s/.exec(stdout)?.[1] ?? 0) };
}
