/** The length that is asked for most often. */
const SESSION_ID_BYTES = 8;

/**
 * Bytes as a string with a character a byte, which can be the key of a Map, and whose order is that of the bytes.
 */
export function toLatin1(bytes: Uint8Array): string {
  // A fifth of the time that it takes to go out of JavaScript and back.
  if (bytes.length === SESSION_ID_BYTES) return ofSessionId(bytes);
  // On a plain Uint8Array too, without a Buffer around it.
  return Buffer.prototype.latin1Slice.call(bytes, 0, bytes.length);
}

function ofSessionId(id: Uint8Array): string {
  const code = String.fromCharCode;
  return code(id[0]!, id[1]!, id[2]!, id[3]!, id[4]!, id[5]!, id[6]!, id[7]!);
}

/** The bytes of a string that came from `toLatin1`. */
export function fromLatin1(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}
