import type { XdrWriter } from "../xdr/index.ts";

const HEADER_BYTES = 4;
const LAST_FRAGMENT = 0x8000_0000;

/**
 * Begins a record (RFC 5531 §11) in `writer`: leaves room for its header.
 * @returns where the record begins, for {@link endRecord}, or for `writer.truncate` to take the record back
 */
export function beginRecord(writer: XdrWriter): number {
  const start = writer.position;
  writer.uint32(0);
  return start;
}

/** Ends the record that began at `start`: writes the header of its one fragment. */
export function endRecord(writer: XdrWriter, start: number): void {
  writer.patchUint32(start, LAST_FRAGMENT + recordBytes(writer, start));
}

/** Bytes written so far of the record that began at `start`, its header not counted. */
export function recordBytes(writer: XdrWriter, start: number): number {
  return writer.position - start - HEADER_BYTES;
}
