/** A key and the certificate for it, both in PEM. */
export interface Certificate {
  readonly key: string;
  readonly certificate: string;
}

export interface CertificateOptions {
  /** The issuer. Default: none, the certificate is self-signed. */
  readonly authority?: Certificate;
  /** The one host name that it is valid for. Default: `localhost`, `127.0.0.1` and `::1`. */
  readonly host?: string;
  /** Whether it expired yesterday. Default: valid for a year from now. */
  readonly expired?: boolean;
}

const DAY = 86_400_000;

/** Loaded lazily, because this package takes longer to load than everything else here. */
const generator = () => import('selfsigned');

const ELLIPTIC = { keyType: 'ec', algorithm: 'sha256' } as const;

/** Creates a new certificate for a server. */
export async function serverCertificate({ authority, host, expired }: CertificateOptions = {}): Promise<Certificate> {
  const { generate } = await generator();
  const pems = await generate([{ name: 'commonName', value: host ?? 'localhost' }], {
    ...ELLIPTIC,
    ...(authority !== undefined && { ca: { key: authority.key, cert: authority.certificate } }),
    ...(expired && { notBeforeDate: new Date(Date.now() - 2 * DAY), notAfterDate: new Date(Date.now() - DAY) }),
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames:
          host === undefined
            ? [
                { type: 2, value: 'localhost' },
                { type: 7, ip: '127.0.0.1' },
                { type: 7, ip: '::1' },
              ]
            : [{ type: 2, value: host }],
      },
    ],
  });
  return { key: pems.private, certificate: pems.cert };
}

/** Creates a certificate authority: a new certificate that can sign others. */
export async function certificateAuthority(): Promise<Certificate> {
  const { generate } = await generator();
  const pems = await generate([{ name: 'commonName', value: 'A fictional authority' }], {
    ...ELLIPTIC,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  return { key: pems.private, certificate: pems.cert };
}
