import type { Style } from './terminal.ts';

/** A line of a tree and what hangs below it. */
export interface TreeNode {
  readonly text: string;
  /** `yes` and `no` are marked; `note` is dimmed. */
  readonly mark?: 'yes' | 'no' | 'note';
  readonly children?: readonly TreeNode[];
}

/** The tree as lines, with the branches that `tree` draws. */
export function renderTree(root: TreeNode, style: Style): string {
  const lines = [label(root, style)];
  appendChildren(root, '', style, lines);
  return `${lines.join('\n')}\n`;
}

function appendChildren(node: TreeNode, indent: string, style: Style, lines: string[]): void {
  const children = node.children ?? [];
  children.forEach((child, index) => {
    const last = index === children.length - 1;
    lines.push(`${indent}${last ? '└─ ' : '├─ '}${label(child, style)}`);
    appendChildren(child, `${indent}${last ? '   ' : '│  '}`, style, lines);
  });
}

function label(node: TreeNode, style: Style): string {
  if (node.mark === 'yes') return style.green(`✓ ${node.text}`);
  if (node.mark === 'no') return `${style.red('✗')} ${node.text}`;
  return node.mark === 'note' ? style.dim(node.text) : node.text;
}
