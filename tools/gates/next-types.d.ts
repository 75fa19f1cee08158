/**
 * Declares what docs/guide/nextjs.md imports of Next.js 16, for the gate that compiles the guide. These are not Next's own
 * types: `next` takes 217 MB in 8,700 files even without its binaries, so it is not installed.
 */
declare module 'next/headers' {
  interface ResponseCookie {
    name: string;
    value: string;
    path?: string | undefined;
    domain?: string | undefined;
    maxAge?: number | undefined;
    expires?: number | Date | undefined;
    httpOnly?: boolean | undefined;
    secure?: boolean | undefined;
    sameSite?: boolean | 'lax' | 'strict' | 'none' | undefined;
  }

  export function cookies(): Promise<{
    get(name: string): { name: string; value: string } | undefined;
    set(...args: [name: string, value: string, cookie?: Partial<ResponseCookie>] | [cookie: ResponseCookie]): unknown;
  }>;
}

declare module 'next/navigation' {
  export function redirect(url: string): never;
}
