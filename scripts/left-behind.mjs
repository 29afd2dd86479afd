// Finds processes that a test run started and did not end, by a mark in their environment (Linux; elsewhere finds none).
import { existsSync, readdirSync, readFileSync } from 'node:fs';

export const MARK = 'POLYWIRE_TEST_RUN';

function read(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return ''; // ended meanwhile, or another user's
  }
}

/** Processes that carry the mark with this value: `{ pid, command }`. */
export function leftBehind(value) {
  if (!existsSync('/proc/self/environ')) return [];
  const wanted = `${MARK}=${value}`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => read(pid, 'environ').split('\0').includes(wanted))
    .map((pid) => ({ pid: Number(pid), command: read(pid, 'cmdline').split('\0').join(' ').trim() }));
}

/** Ends them and returns what they were. */
export function endLeftBehind(value) {
  const found = leftBehind(value);
  for (const { pid } of found) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // ended by itself between the look and the signal
    }
  }
  return found;
}
