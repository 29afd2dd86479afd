/** The name, among protocols, of bytes that are passed on as they are. No plugin may take it. */
export const OPAQUE_PROTOCOL = 'tcp';
