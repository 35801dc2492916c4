/** Bytes from hexadecimal text; spaces and line breaks are for the reader. */
export function bytes(hex: string): Uint8Array {
  const digits = hex.replace(/\s/g, "");
  if (!/^([0-9a-f]{2})*$/.test(digits)) throw new Error(`not hexadecimal: ${hex}`);
  return new Uint8Array(Buffer.from(digits, "hex"));
}

/** Hexadecimal text of bytes, in groups of four as XDR has them. */
export function hex(data: Uint8Array): string {
  const digits = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex");
  return digits.replace(/(.{8})(?=.)/g, "$1 ");
}

/** 32-bit big-endian words. */
export function words(...values: readonly number[]): Uint8Array {
  const data = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => {
    data.writeUInt32BE(value >>> 0, i * 4);
  });
  return new Uint8Array(data);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
