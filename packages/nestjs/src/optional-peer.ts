/** Jest reports the last code without `--experimental-vm-modules`, because it then has no `import()`. */
const NOT_THERE: readonly unknown[] = [
  'ERR_MODULE_NOT_FOUND',
  'MODULE_NOT_FOUND',
  'ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING_FLAG',
];

/**
 * Returns `undefined` if an optional package is not installed, or if the runtime cannot import anything; rethrows other
 * errors.
 *
 * The `import()` itself, with the literal name, must be in a `try` block where the package is used. Only there do
 * bundlers ignore a missing package.
 */
export function unlessMissing(error: unknown): undefined {
  if (NOT_THERE.includes((error as NodeJS.ErrnoException).code) || isOfNcc(error)) return undefined;
  throw error;
}

/**
 * In an ES module, ncc calls `require` for a package that was missing when it bundled, but `require` is not defined.
 */
function isOfNcc(error: unknown): boolean {
  return error instanceof ReferenceError && error.message === 'require is not defined';
}
