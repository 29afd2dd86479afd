import { encodeChunks } from '../encode.ts';

/** A string value of the Hessian 2.0 draft, in chunks when longer than 32,768 UTF-16 units, surrogates as three bytes each, as Java writes. */
function encodeDraftString(text: string): Buffer {
  return encodeChunks(text, 0x73, headOf);
}

function headOf(units: number): number[] {
  return units < 0x20 ? [units] : [0x53, units >> 8, units & 255];
}

/** In front of the message: the definition of SofaResponse with the fields in Java's order, and an object whose isError is true. */
const ERROR_FRONT: Buffer = Buffer.concat([
  Buffer.from([0x4f, 0xbe]),
  Buffer.from('com.alipay.sofa.rpc.core.response.SofaResponse'),
  Buffer.from([0x94]),
  ...['isError', 'errorMsg', 'appResponse', 'responseProps'].map(encodeDraftString),
  Buffer.from([0x6f, 0x90, 0x54]),
]);
const NULLS: Buffer = Buffer.from([0x4e, 0x4e]);

/** The content of a SOFARPC response that says a call failed, and why, byte for byte as Java writes it. Any UTF-16 text. */
export function encodeSofaError(message: string): Buffer {
  return Buffer.concat([ERROR_FRONT, encodeDraftString(message), NULLS]);
}
