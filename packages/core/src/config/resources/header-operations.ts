import type { HeaderOperations } from '../model.ts';
import type { FieldTable, ObjectReader } from './object-reader.ts';
import { headerNameFault } from './string-match.ts';

/** Istio's Headers. */
export const HEADERS_FIELDS: FieldTable = { request: 'read', response: 'read' };

/** Istio's HeaderOperations. */
const HEADER_OPERATIONS_FIELDS: FieldTable = { set: 'read', add: 'read', remove: 'read' };

/** The changes under `request` or `response`; undefined when absent or when they change nothing. */
export function readHeaderOperations(headers: ObjectReader | undefined, key: 'request' | 'response'): HeaderOperations | undefined {
  const reader = headers?.object(key, HEADER_OPERATIONS_FIELDS);
  if (reader === undefined) return undefined;
  const set = readHeaderValues(reader, 'set');
  const add = readHeaderValues(reader, 'add');
  const remove = reader.texts('remove').map(({ text }) => text);
  for (const name of remove) checkName(reader, 'remove', name);
  if (set.size === 0 && add.size === 0 && remove.length === 0) return undefined;
  return { set, add, remove, position: reader.position() };
}

function readHeaderValues(reader: ObjectReader, key: 'set' | 'add'): Map<string, string> {
  const values = reader.textMap(key);
  for (const [name, value] of values) {
    checkName(reader, key, name);
    if (/[\r\n\0]/.test(value)) reader.error(`${reader.name(key)}: the value of "${name}" has a line break or a zero byte`, key);
  }
  return values;
}

function checkName(reader: ObjectReader, key: string, name: string): void {
  const fault = headerNameFault(name);
  if (fault !== undefined) reader.error(`${reader.name(key)}: ${fault}`, key);
}
