import type { HeaderEdits, HeaderField } from '@polywire/core/spi';
import { type CompiledEdits, compileEdits } from './edit-compiler.ts';
import { formatTimeout } from './grpc.ts';
import type { RequestHead, ResponseHead } from './head.ts';

/**
 * The list to send to the service. The same array for the same block and edits, so that an encoder knows it again. undefined when the edits
 * cannot be made: see editFault.
 */
export function requestFields(head: RequestHead, edits: HeaderEdits | undefined): readonly HeaderField[] | undefined {
  const { facts, remainingMs } = head;
  let fields: readonly HeaderField[] | undefined = facts.fields;
  if (edits !== undefined) {
    if (facts.editedBy !== edits) {
      facts.edited = editRequest(facts.fields, edits);
      facts.editedBy = edits;
    }
    fields = facts.edited;
  }
  return remainingMs > 0 && fields !== undefined ? withTimeout(fields, remainingMs, edits) : fields;
}

/** The list to send to the caller, by the same rules. */
export function responseFields({ facts }: ResponseHead, edits: HeaderEdits | undefined): readonly HeaderField[] | undefined {
  if (edits === undefined) return facts.fields;
  if (facts.editedBy !== edits) {
    const compiled = compileEdits(edits, 'response');
    facts.edited = typeof compiled === 'string' ? undefined : apply(facts.fields, compiled);
    facts.editedBy = edits;
  }
  return facts.edited;
}

function editRequest(fields: readonly HeaderField[], edits: HeaderEdits): readonly HeaderField[] | undefined {
  const compiled = compileEdits(edits, 'request');
  if (typeof compiled === 'string') return undefined;
  const edited = apply(fields, compiled);
  return compiled.authority === undefined ? edited : withAuthority(edited, compiled.authority);
}

function apply(fields: readonly HeaderField[], { remove, set, add }: CompiledEdits): HeaderField[] {
  const edited: HeaderField[] = [];
  const written = new Set<string>();
  for (const field of fields) {
    const value = set.get(field.name);
    if (value === undefined) {
      if (!remove.has(field.name)) edited.push(field);
    } else if (!written.has(field.name)) {
      written.add(field.name);
      edited.push({ ...field, value });
    }
  }
  for (const [name, value] of set) if (!written.has(name)) edited.push({ name, value, neverIndexed: false });
  for (const [name, value] of add) append(edited, name, value);
  return edited;
}

/** RFC 9110, section 5.3: a cookie to set stays a field of its own. */
function append(fields: HeaderField[], name: string, value: string): void {
  const at = name === 'set-cookie' ? -1 : fields.findLastIndex((field) => field.name === name);
  const before = fields[at];
  if (before === undefined) fields.push({ name, value, neverIndexed: false });
  else fields[at] = { ...before, value: before.value + (name === 'cookie' ? '; ' : ',') + value };
}

/** In the place of the old one; without `host`, which would disagree. */
function withAuthority(fields: readonly HeaderField[], value: string): HeaderField[] {
  const edited = fields.filter(({ name }) => name !== 'host');
  const field = { name: ':authority', value, neverIndexed: false };
  const at = edited.findIndex(({ name }) => name === field.name);
  if (at !== -1) edited[at] = field;
  else edited.splice(edited.findLastIndex(({ name }) => name.startsWith(':')) + 1, 0, field);
  return edited;
}

/** A rule that sets the timeout means it. */
function withTimeout(fields: readonly HeaderField[], ms: number, edits: HeaderEdits | undefined): readonly HeaderField[] {
  if (edits !== undefined && setsTimeout(edits)) return fields;
  return fields.map((field) => (field.name === 'grpc-timeout' ? { ...field, value: formatTimeout(ms) } : field));
}

function setsTimeout({ set }: HeaderEdits): boolean {
  for (const name of set.keys()) if (name.toLowerCase() === 'grpc-timeout') return true;
  return false;
}
