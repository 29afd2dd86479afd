import { InvalidArgumentError } from 'commander';

/** `500ms`, `10s`, `2m` or plain seconds, as milliseconds. For options of the command line. */
export function parseDurationOption(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text);
  const unit = { ms: 1, s: 1000, m: 60_000 }[match?.[2] ?? 's'] ?? Number.NaN;
  const milliseconds = Number(match?.[1]) * unit;
  if (!(milliseconds > 0 && milliseconds < 2 ** 31)) throw new InvalidArgumentError('Write 500ms, 10s or 2m.');
  return milliseconds;
}
