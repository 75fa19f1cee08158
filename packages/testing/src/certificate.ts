import { generate } from 'selfsigned';

/** A key and the certificate for it, both in PEM. */
export interface Certificate {
  readonly key: string;
  readonly certificate: string;
}

/** A fresh self-signed certificate for `localhost`, `127.0.0.1` and `::1`, good for a year. */
export async function selfSignedCertificate(): Promise<Certificate> {
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
  return { key: pems.private, certificate: pems.cert };
}
