/** The same symbol in every copy of this package. A server cannot send it: JSON has no symbols. */
const BRAND = Symbol.for('@frameio-auth/core');

/**
 * Makes `instanceof` recognise instances of a class from another copy of this package. Several copies occur when
 * packages require different versions, or when a bundler includes one for each module format.
 *
 * Classes that extend a branded one keep the normal meaning of `instanceof`, and their instances count as instances of
 * the branded class in every copy.
 *
 * @param name - the same in every version of this package, and different for each class
 */
export function brand(branded: abstract new (...args: never[]) => object, name: string): void {
  Object.defineProperty(branded.prototype, BRAND, { value: name });
  Object.defineProperty(branded, Symbol.hasInstance, { value: hasInstance });
}

function hasInstance(this: { readonly prototype: object }, value: unknown): boolean {
  if (Function.prototype[Symbol.hasInstance].call(this, value)) return true;
  const name = ownBrand(this.prototype);
  if (name === undefined) return false; // A derived class inherits this function but has no brand of its own.
  for (let object = value; typeof object === 'object' && object !== null; object = Object.getPrototypeOf(object)) {
    if (ownBrand(object) === name) return true;
  }
  return false;
}

function ownBrand(object: object): unknown {
  return Object.getOwnPropertyDescriptor(object, BRAND)?.value;
}
