// One measurement with h2load: a shape of load against a target.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOAD_CORE, start } from '../processes.mjs';

/** Connections x streams open on each. `bodies`: of 1 MiB; the others ask for the small answer. */
export const SHAPES = [
  { name: '8x32', connections: 8, streams: 32 },
  { name: '64x1', connections: 64, streams: 1 },
  { name: '4x4, 1 MiB down', connections: 4, streams: 4, bodies: 'down' },
  { name: '4x4, 1 MiB up', connections: 4, streams: 4, bodies: 'up' },
];

/** The files that the backend serves and that are uploaded, below the cache: bytes by name. */
export const FILES = { small: 128, large: 1 << 20 };

const WARM_UP_MS = 1_000;
const TICK_US = 10_000; // USER_HZ is 100 on every Linux that Node runs on
const MICROSECONDS = { us: 1, ms: 1_000, s: 1_000_000 };

/** User and system time of a process so far, in microseconds. */
function cpuUs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

function duration(text) {
  const [, value, unit] = /^([\d.]+)(us|ms|s)$/.exec(text);
  return Number(value) * MICROSECONDS[unit];
}

/**
 * What h2load printed at its end. Throws unless every answer is 2xx and nothing failed. Statuses are counted as they come, so an answer
 * that began in the warm-up or did not end has made the two numbers differ.
 */
function parse(text) {
  const numbers = (line) => {
    const found = new RegExp(`^${line}:.*$`, 'm').exec(text)?.[0] ?? '';
    return Object.fromEntries([...found.matchAll(/(\d+) (\w+)/g)].map(([, value, name]) => [name, Number(value)]));
  };
  const requests = numbers('requests');
  const codes = numbers('status codes');
  const rate = /^finished in .*?, ([\d.]+) req\/s/m.exec(text);
  const times = /^time for request: +(\S+) +(\S+) +(\S+)/m.exec(text);
  const wrong =
    ['failed', 'errored', 'timeout'].some((name) => requests[name] !== 0) || ['3xx', '4xx', '5xx'].some((name) => codes[name] !== 0);
  if (!rate || !times || wrong || !(requests.succeeded > 0) || !(codes['2xx'] > 0)) {
    throw new Error(`h2load saw failures: ${text.slice(-800)}`);
  }
  return { rps: Number(rate[1]), done: requests.succeeded, max: duration(times[2]), mean: duration(times[3]) };
}

function argumentsOf(target, shape, seconds, cache) {
  const args = ['-t', '1', '-c', String(shape.connections), '-m', String(shape.streams)];
  args.push('--warm-up-time', `${WARM_UP_MS}ms`, '-D', `${Math.round(seconds * 1000)}ms`);
  if (shape.bodies === 'up') args.push('-d', join(cache, 'large'));
  const file = shape.bodies === 'down' ? 'large' : 'small';
  return [...args, `${target.tls ? 'https' : 'http'}://127.0.0.1:${target.port}/${file}`];
}

/**
 * Requests per second, mean and longest time of a request in microseconds; of the proxy its CPU microseconds per request and how much of
 * its core it used, in percent. Throws when an answer was not 2xx or a request failed.
 */
export async function measureLoad({ target, shape, seconds, cache }) {
  const load = start(LOAD_CORE, 'h2load', argumentsOf(target, shape, seconds, cache));
  const marks = [];
  const mark = () => marks.push({ at: performance.now(), cpu: target.child ? cpuUs(target.child.pid) : 0 });
  let text = '';
  load.stdout.setEncoding('utf8').on('data', (part) => {
    text += part;
    if (marks.length === 0 && text.includes('Main benchmark duration is started')) mark();
    if (marks.length === 1 && text.includes('Main benchmark duration is over')) mark();
  });
  const [code] = await once(load, 'close');
  if (code !== 0 || marks.length < 2) throw new Error(`h2load ended with ${code}: ${load.errors}${text.slice(-800)}`);
  const sample = parse(text);
  if (!target.child) return sample;
  const cpu = marks[1].cpu - marks[0].cpu;
  return { ...sample, cpuPerRequest: cpu / sample.done, busy: cpu / 10 / (marks[1].at - marks[0].at) };
}
