/**
 * A package that applications may have or not.
 *
 * @param load - imports it by its literal name, which is what bundlers and test runners understand
 * @returns `undefined` when it is not installed
 */
export async function optionalPeer<Package>(load: () => Promise<Package>): Promise<Package | undefined> {
  try {
    return await load();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
