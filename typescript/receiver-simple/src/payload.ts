/**
 * What a call through the component model returned in place of its result; any other error is thrown
 * again. The bindings throw it as the payload of an error of another realm, which is no instance of
 * this realm's `Error`.
 */
export function payload(error: unknown): unknown {
  if (typeof error === "object" && error !== null && "payload" in error) {
    return error.payload;
  }
  throw error;
}
