/** A peer's text in a message. */
export function quote(text: string): string {
  return JSON.stringify(text.length <= 64 ? text : `${text.slice(0, 64)}...`);
}

export function badValue(name: string, value: string): string {
  return `header ${quote(name)} cannot be ${quote(value)}`;
}

export function badName(name: string): string {
  return `${quote(name)} is no header's name`;
}

export function connectionSpecific(name: string): string {
  return `header ${quote(name)} speaks of one connection, and is forbidden`;
}

export function missing(name: string): string {
  return `pseudo-header ${quote(name)} is missing`;
}

export function twice(name: string): string {
  return `header ${quote(name)} is there twice`;
}
