/**
 * What `next.ts` uses of Next.js 15 and 16. Not Next's own types, because `next` takes 217 MB, so it is not installed here.
 */
declare module 'next/headers.js' {
  export function headers(): Promise<Headers>;
}

declare module 'next/navigation.js' {
  export function redirect(url: string): never;
}

declare module 'next/server.js' {
  export const NextResponse: { next(): Response };
}
