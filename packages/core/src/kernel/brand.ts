/** The same symbol in every copy of this package. Nothing that a server sends can have it: JSON has no symbols. */
const BRAND = Symbol.for('@frameio-auth/core');

/**
 * Makes `instanceof` recognise the instances of a class that come from another copy of this package. Package managers
 * install several copies when the versions that packages ask for differ, or when a bundler takes one for each format.
 *
 * Classes derived from a branded one keep the meaning of `instanceof` that they are used to, and their instances count
 * as instances of the branded class in every copy.
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
  if (name === undefined) return false; // A derived class, which inherits this function and has no brand.
  for (let object = value; typeof object === 'object' && object !== null; object = Object.getPrototypeOf(object)) {
    if (ownBrand(object) === name) return true;
  }
  return false;
}

function ownBrand(object: object): unknown {
  return Object.getOwnPropertyDescriptor(object, BRAND)?.value;
}
