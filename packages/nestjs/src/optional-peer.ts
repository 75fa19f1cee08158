/** The last one is Jest's without `--experimental-vm-modules`, which has no `import()`. */
const NOT_THERE: readonly unknown[] = [
  'ERR_MODULE_NOT_FOUND',
  'MODULE_NOT_FOUND',
  'ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING_FLAG',
];

/**
 * For a package that applications may have or not: returns `undefined` when it is not installed, or when what runs the
 * application cannot import anything; else throws what was caught.
 *
 * The `import()` itself, with the literal name, stands in a `try` where the package is used, because bundlers leave a
 * package that is missing alone there, and nowhere else.
 */
export function unlessMissing(error: unknown): undefined {
  if (NOT_THERE.includes((error as NodeJS.ErrnoException).code) || isOfNcc(error)) return undefined;
  throw error;
}

/** In a module, ncc has `require` called for a package that was missing when it bundled, and there is none. */
function isOfNcc(error: unknown): boolean {
  return error instanceof ReferenceError && error.message === 'require is not defined';
}
