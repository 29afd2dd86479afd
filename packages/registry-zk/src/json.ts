/** A JSON object, or what YAML says as one. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value when it is a JSON object, or the text of one; undefined: it is neither. */
export function jsonObject(value: unknown): JsonObject | undefined {
  const read = typeof value === 'string' || Buffer.isBuffer(value) ? parsed(value.toString()) : value;
  return isJsonObject(read) ? read : undefined;
}

/** The values of an object that are texts, and numbers and booleans as texts. */
export function textsOf(object: JsonObject | undefined): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [key, value] of Object.entries(object ?? {})) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') texts.set(key, String(value));
  }
  return texts;
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
