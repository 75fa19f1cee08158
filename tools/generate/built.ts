/** Imports a built file, such as `core/dist/machine.js`. */
export function built<T>(path: string): Promise<T> {
  return import(new URL(`../../packages/${path}`, import.meta.url).href);
}
