/** How every reason begins that has to do with TLS. */
export const TLS = 'TLS: ';

/** What a person can do something about, by the code of Node's error. OpenSSL's own messages name memory and its source lines. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'the other side answered with bytes that are no TLS: does its port take plain connections?'],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'the other side offers no version of TLS that is taken here'],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'the other side takes no version of TLS that is offered here'],
  ['ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL', 'the other side speaks none of the protocols that were offered to it (ALPN)'],
  ['ERR_SSL_NO_APPLICATION_PROTOCOL', 'the other side offered only protocols that are not spoken here (ALPN)'],
  ['ERR_SSL_NO_SHARED_CIPHER', 'no cipher is in common'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'the other side wants a certificate to be shown'],
  ['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', 'the other side showed no certificate, which is required here'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'the other side does not know the CA of the certificate that it was shown'],
  ['ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR', 'the other side could not verify the signature that it was shown'],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'the other side does not accept the certificate that it was shown'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'the other side says that the certificate that it was shown has expired'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN', 'the other side does not accept the certificate that it was shown'],
  ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'the other side found no version, cipher or certificate that both can use'],
  ['CERT_HAS_EXPIRED', 'the certificate of the other side has expired'],
  ['CERT_NOT_YET_VALID', 'the certificate of the other side is not valid yet'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'the certificate of the other side is signed by itself, and none of the CAs known here'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'the certificate of the other side is of a CA that is not known here'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'the certificate of the other side is of a CA that is not known here'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'the certificate of the other side is of a CA that is not known here'],
  [
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'the certificate of the other side is of a CA that is not known here, or it left out certificates between',
  ],
]);

/** Why a socket failed, in one line: what system calls say as it is, what TLS says in words. */
export function socketReason(error: Error): string {
  const code = 'code' in error ? String(error.code) : '';
  const words = REASONS.get(code);
  if (words !== undefined) return `${TLS}${words} (${code})`;
  if (code === 'ECONNRESET' && error.message.startsWith('Client network socket disconnected')) {
    return `${TLS}the other side ended the connection during the handshake`;
  }
  if (!('reason' in error) || typeof error.reason !== 'string') return error.message;
  return `${TLS}${error.reason} (${code})`;
}

/** As socketReason, of a code without an error. */
export function certificateReason(code: string): string {
  return `${TLS}${REASONS.get(code) ?? 'the certificate of the other side is not accepted'} (${code})`;
}
