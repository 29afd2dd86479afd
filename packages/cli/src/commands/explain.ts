import type { CommandHost } from '../program.ts';

export function addExplain(_host: CommandHost): void {}
