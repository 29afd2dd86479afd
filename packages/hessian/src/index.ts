export { type DecoderOptions, HessianDecoder, type HessianMap, HessianObject, type HessianValue } from './decoder.ts';
export type { Interner } from './draft/definitions.ts';
export { encodeSofaError } from './draft/encode.ts';
export { SofaRequestReader } from './draft/sofa-request.ts';
export { SofaResponseReader } from './draft/sofa-response.ts';
export { HessianDraftWalker } from './draft/walker.ts';
export { encodeString } from './encode.ts';
export { DEFAULT_MAX_DEPTH, HessianWalker, type WalkerOptions } from './walker.ts';
