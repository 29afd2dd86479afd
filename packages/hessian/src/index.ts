export { encodeString } from './encode.ts';
export { DEFAULT_MAX_DEPTH, HessianWalker, type WalkerOptions } from './walker.ts';
