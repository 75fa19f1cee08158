import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import type { TokenSource } from '@frameio-auth/core/adapter';
import { authenticatedFetch } from '@frameio-auth/transport-fetch';

/** Uploads a file as Frame.io V4 requires; `folder`: `https://api.frame.io/v4/accounts/{id}/folders/{id}`. */
export async function upload(auth: TokenSource, path: string, folder: string): Promise<void> {
  const frameio = authenticatedFetch(auth, { allowedOrigins: [new URL(folder).origin] });
  const file = await openAsBlob(path); // Refers to the file; its bytes are read when they are sent.
  const answer = await frameio(`${folder}/files/local_upload`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ data: { name: basename(path), file_size: file.size } }),
  });
  if (!answer.ok) throw new Error(`Frame.io answered ${answer.status}`);
  const { data } = (await answer.json()) as LocalUpload;

  let position = 0;
  for (const { url, size } of data.upload_urls) {
    // These addresses are signed and lead to an object store. A plain fetch, because the token must not be sent there.
    const part = await fetch(url, {
      method: 'PUT',
      headers: { 'content-type': data.media_type, 'x-amz-acl': 'private' },
      body: file.slice(position, position + size),
    });
    if (!part.ok) throw new Error(`The store answered ${part.status}`);
    position += size;
  }
}

interface LocalUpload {
  readonly data: { readonly media_type: string; readonly upload_urls: readonly { url: string; size: number }[] };
}
