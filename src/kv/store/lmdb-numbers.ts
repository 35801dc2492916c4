import { endianness } from "node:os";

const IS_LITTLE = endianness() === "LE";

/** Bytes of a file of LMDB, with its numbers in the byte order of the machine. */
export class LmdbNumbers {
  private readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  from(at: number): LmdbNumbers {
    return new LmdbNumbers(this.bytes.subarray(at));
  }

  u16(at: number): number {
    return IS_LITTLE ? this.bytes.readUInt16LE(at) : this.bytes.readUInt16BE(at);
  }

  u32(at: number): number {
    return IS_LITTLE ? this.bytes.readUInt32LE(at) : this.bytes.readUInt32BE(at);
  }

  /** As a number where it is a safe integer; infinite where it is larger, as no page number or count is. */
  u64(at: number): number {
    const high = this.u32(IS_LITTLE ? at + 4 : at);
    return high >= HIGH_MAX ? Number.POSITIVE_INFINITY : high * TWO_32 + this.u32(IS_LITTLE ? at : at + 4);
  }
}

const TWO_32 = 0x1_0000_0000;
const HIGH_MAX = 0x20_0000;
