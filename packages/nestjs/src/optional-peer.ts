/** The last one is Jest's without `--experimental-vm-modules`, which has no `import()`. */
const NOT_THERE: readonly unknown[] = [
  'ERR_MODULE_NOT_FOUND',
  'MODULE_NOT_FOUND',
  'ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING_FLAG',
];

/**
 * A package that applications may have or not.
 *
 * @param load - imports it by its literal name, which is what bundlers and test runners understand
 * @returns `undefined` when it is not installed, or when what runs the application cannot import anything
 */
export async function optionalPeer<Package>(load: () => Promise<Package>): Promise<Package | undefined> {
  try {
    return await load();
  } catch (error) {
    if (NOT_THERE.includes((error as NodeJS.ErrnoException).code)) return undefined;
    throw error;
  }
}
