/**
 * Bytes as a string with a character a byte, which can be the key of a Map, and whose order is that of the bytes.
 */
export function toLatin1(bytes: Uint8Array): string {
  // On a plain Uint8Array too, without a Buffer around it.
  return Buffer.prototype.latin1Slice.call(bytes, 0, bytes.length);
}

/** The bytes of a string that came from `toLatin1`. */
export function fromLatin1(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}
