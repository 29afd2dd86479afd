/** A node to read again. */
export interface TouchedNode {
  readonly node: string;
  /** The changed node is this child of it. */
  readonly child: string | undefined;
}

const ANY = '*';

/**
 * Which nodes of a tree are followed: leaves, whose paths are given, and lists, whose children stand for an asterisk. With the leaf
 * `*` + `/providers`, the root is a list and `com.acme.Users/providers` a leaf. Paths are relative; the root's is empty.
 */
export class TreePattern {
  readonly #leaves: readonly (readonly string[])[];
  readonly #skipped: ReadonlySet<string>;

  constructor(leaves: readonly string[], skipped: ReadonlySet<string>) {
    this.#leaves = leaves.map(segmentsOf);
    this.#skipped = skipped;
  }

  isLeaf(node: string): boolean {
    const segments = segmentsOf(node);
    return this.#leaves.some((leaf) => leaf.length === segments.length && this.#begins(leaf, segments));
  }

  /** What the asterisks stand for in a followed node's path. */
  names(node: string): string[] {
    const segments = segmentsOf(node);
    const leaf = this.#leaves.find((each) => this.#begins(each, segments));
    return segments.filter((_, index) => leaf?.[index] === ANY);
  }

  /** The nodes that are followed because a list has these children: each once, found one by one. */
  *below(list: string, children: Iterable<string>): Iterable<string> {
    const segments = segmentsOf(list);
    const leaves = this.#leaves.filter((leaf) => leaf[segments.length] === ANY && this.#begins(leaf, segments));
    // Of ten thousand children, only the names differ.
    const before = list === '' ? '' : `${list}/`;
    const behind = new Set(leaves.map((leaf) => extend(leaf, [...segments, '']).slice(before.length)));
    for (const child of children) {
      if (this.#skipped.has(child)) continue;
      for (const rest of behind) yield before + child + rest;
    }
  }

  /** The list that a followed node is below; undefined for the root. */
  parent(node: string): string | undefined {
    if (node === '') return undefined;
    const segments = segmentsOf(node);
    const leaf = this.#leaves.find((each) => this.#begins(each, segments)) ?? [];
    return segments.slice(0, leaf.lastIndexOf(ANY, segments.length - 1)).join('/');
  }

  /** The followed nodes that are to be read again when this node changed. */
  touched(path: string): TouchedNode[] {
    const segments = segmentsOf(path);
    const touched = new Map<string, TouchedNode>();
    for (const leaf of this.#leaves) {
      const common = segments.slice(0, leaf.length);
      if (segments.length > leaf.length + 1 || !this.#begins(leaf, common)) continue;
      const node = extend(leaf, common);
      touched.set(node, { node, child: segments[leaf.length] });
    }
    return [...touched.values()];
  }

  #begins(leaf: readonly string[], segments: readonly string[]): boolean {
    return segments.every((segment, index) => (leaf[index] === ANY ? !this.#skipped.has(segment) : leaf[index] === segment));
  }
}

/** Adds the fixed names that follow, up to the next followed node. */
function extend(leaf: readonly string[], segments: readonly string[]): string {
  const next = leaf.indexOf(ANY, segments.length);
  return [...segments, ...leaf.slice(segments.length, next < 0 ? leaf.length : next)].join('/');
}

function segmentsOf(path: string): string[] {
  return path === '' ? [] : path.split('/');
}
