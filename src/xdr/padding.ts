/** The zero bytes, 0 to 3, that follow `length` bytes up to the next multiple of four (RFC 4506 §3). */
export function paddingOf(length: number): number {
  // Of the negative: adding 3 first would overflow 32 bits for the longest lengths that the language can name.
  return -length & 3;
}
