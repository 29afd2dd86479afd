import { z } from 'zod';
import { messageOf } from '../errors/message-of.ts';
import { parseDuration, parsePercentage, parseSize, parseSocketAddress } from './units.ts';

/** A text that one of the unit parsers reads; what it throws becomes the issue. `what` says what a value that is no text should be. */
function parsedBy<T>(parse: (text: string) => T, what: string) {
  const error = ({ input }: { readonly input?: unknown }) => (input === undefined ? undefined : `must be ${what}`);
  return z.string({ error }).transform((text, context): T => {
    try {
      return parse(text);
    } catch (cause) {
      context.addIssue({ code: 'custom', message: messageOf(cause) });
      return z.NEVER;
    }
  });
}

export const address = parsedBy(parseSocketAddress, 'host:port, like 127.0.0.1:20880');
const size = z.union([z.int().min(0), parsedBy(parseSize, 'a size')], {
  error: 'must be a number of bytes, or a text like 64KiB, 8MiB or 1GiB',
});
export const positiveSize = size.refine((bytes) => bytes > 0, 'must be more than 0');
export const duration = parsedBy(parseDuration, 'a duration with its unit, like 3s or 500ms');
export const positiveDuration = duration.refine((milliseconds) => milliseconds > 0, 'must be more than 0s');
export const percentage = parsedBy(parsePercentage, 'a percentage, like 50%');
export const count = z.int().min(1);
export const name = z.string().min(1, 'must not be empty');
