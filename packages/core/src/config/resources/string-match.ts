import { RE2JS } from 're2js';
import { messageOf } from '../../errors/message-of.ts';
import type { HeaderMatch, StringMatch } from '../model.ts';
import type { FieldTable, ObjectReader } from './object-reader.ts';

/** Istio's StringMatch. */
const STRING_MATCH_FIELDS: FieldTable = { exact: 'read', prefix: 'read', regex: 'read' };

/** A condition on the field `key`; undefined when absent or faulty. `{}` means: present, whatever its value. */
export function readStringMatch(parent: ObjectReader, key: string): StringMatch | undefined {
  const reader = parent.object(key, STRING_MATCH_FIELDS);
  if (reader === undefined) return undefined;
  const written = Object.keys(STRING_MATCH_FIELDS).filter((field) => reader.has(field));
  if (written.length > 1) {
    reader.error(`${reader.name()} has ${written.join(' and ')}: only one of them can hold`);
    return undefined;
  }
  if (reader.has('exact')) return valued('exact', reader.text('exact'));
  if (reader.has('prefix')) return valued('prefix', reader.requiredText('prefix'));
  if (reader.has('regex')) return valued('regex', readRegex(reader));
  return { kind: 'present' };
}

/** The conditions of `headers` or `withoutHeaders`. */
export function readHeaderMatches(parent: ObjectReader, key: string): HeaderMatch[] {
  const headers = parent.freeObject(key);
  const matches: HeaderMatch[] = [];
  for (const name of headers?.keys() ?? []) {
    if (headers === undefined) break;
    const fault = headerNameFault(name);
    if (fault !== undefined) headers.error(`${headers.name()}: ${fault}`, name);
    const match = readStringMatch(headers, name);
    if (match !== undefined) matches.push({ name, match, ignoreCase: false, position: headers.position(name) });
  }
  return matches;
}

/** What keeps a text from naming a header; undefined when nothing does. */
export function headerNameFault(name: string): string | undefined {
  if (name === '') return 'a header needs a name';
  // Attachments of RPC wires have no rules of their own for names; blanks and controls are typing mistakes in every one.
  return /[\s\p{Cc}]/u.test(name) ? `"${name}" is not a header's name: it has a blank or a control character` : undefined;
}

function valued(kind: 'exact' | 'prefix' | 'regex', value: string | undefined): StringMatch | undefined {
  return value === undefined ? undefined : { kind, value };
}

function readRegex(reader: ObjectReader): string | undefined {
  const regex = reader.requiredText('regex');
  if (regex === undefined) return undefined;
  try {
    RE2JS.compile(regex);
    return regex;
  } catch (cause) {
    const reason = messageOf(cause);
    reader.error(`${reader.name('regex')} "${regex}" is not an RE2 regular expression: ${reason}`, 'regex');
    return undefined;
  }
}
