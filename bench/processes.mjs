// Starting, pinning, watching and ending the processes of a bench run.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { availableParallelism } from 'node:os';

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 3_000;

/** Cores: the proxy under test has one for itself, load and backend share the other. */
export const PROXY_CORE = 0;
export const LOAD_CORE = 1;

export function hasCommand(name) {
  try {
    execFileSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export const pinning = availableParallelism() > 1 && hasCommand('taskset');
if (!pinning) console.error('taskset or a second core is missing: nothing is pinned, and the figures mean little');

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

/** Starts a command on a core. stdout is piped; stderr is kept for the message when it fails. */
export function start(core, command, args) {
  const [file, argv] = pinning ? ['taskset', ['-c', String(core), command, ...args]] : [command, args];
  const child = spawn(file, argv, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    child.errors = (child.errors + text).slice(-4_000);
  });
  running.add(child);
  child.on('close', () => running.delete(child));
  child.on('error', (error) => {
    child.errors += error.message;
    running.delete(child);
  });
  return child;
}

export async function stop(child) {
  if (!running.has(child)) return;
  const closed = once(child, 'close');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  child.kill('SIGTERM');
  await closed;
  clearTimeout(timer);
}

/** Runs a command to its end and answers its stdout. */
export async function output(core, command, args) {
  const child = start(core, command, args);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part) => {
    text += part;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${child.errors}${text}`);
  return text;
}

/** A port that was free a moment ago. */
export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function connects(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

/** Resolves when something listens on the port; rejects when the process ends first. */
export async function listening(child, port) {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await connects(port))) {
    if (!running.has(child)) throw new Error(`it ended before it listened: ${child.errors}`);
    if (Date.now() > deadline) throw new Error(`it does not listen on ${port} after ${START_TIMEOUT_MS} ms: ${child.errors}`);
    await pause(50);
  }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Resident memory in KiB. */
export function residentKiB(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
