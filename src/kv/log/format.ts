/**
 * How the bytes of a segment are framed and checked; `idl/log.x` says what lies in them.
 *
 * A segment is a header, then records one behind the other, each with a frame in front. The checksum of a record
 * begins with the log's random id and covers its sequence number, so a record of another log, of an earlier use
 * of the same file, or at another place in the sequence is never taken for the one that belongs there. (Nor can
 * a client put bytes into a value that would pass for a record: it does not know the id.)
 */
import { crc32 } from "node:zlib";
import type { HardState, LogIndex, Term } from "../../raft/types.ts";
import { type Codec, decodeXdr, encodeXdr, uhyperNumberCodec, XdrError } from "../../xdr/index.ts";
import { LOG_FORMAT, LOG_MAGIC_SIZE, logSegmentHeaderCodec } from "../gen/log.ts";
import { LogDamagedError } from "./errors.ts";

export const HEADER_BYTES = 76;
export const FRAME_BYTES = 16;
export const HARD_STATE_BYTES = 20;
/** What a record takes at most besides its entries: frame, first_index, prev_term, count, and the hard state. */
export const RECORD_OVERHEAD_BYTES: number = FRAME_BYTES + 20 + 4 + HARD_STATE_BYTES;
/** term, kind, and the length of the data. */
export const ENTRY_FIXED_BYTES = 16;

const CHECKSUM_BYTES = 4;
const MAGIC: Uint8Array = Buffer.from("sundial\n", "latin1");
const TWO_32 = 0x1_0000_0000;

/** What a segment begins with. */
export interface SegmentHeader {
  readonly logId: number;
  /** The number in the file's name. */
  readonly segment: number;
  /** Sequence number of the first record. */
  readonly sequence: number;
  /** Position before the first record: the entries of the segment go on behind it. */
  readonly prevIndex: LogIndex;
  readonly prevTerm: Term;
  /** As of the end of the segment before. */
  readonly hardState: HardState;
}

/** Where the checksums of all records of a log start from. */
export function checksumSeed(logId: number): number {
  return crc32(encodeXdr(uhyperNumberCodec, logId));
}

/** @param record  a whole record with its frame; the checksum in it does not matter */
export function recordChecksum(record: Uint8Array, seed: number): number {
  return crc32(record.subarray(CHECKSUM_BYTES), seed);
}

export function encodeHeader(header: SegmentHeader): Uint8Array {
  const bytes = encodeXdr(logSegmentHeaderCodec, {
    ...header,
    magic: MAGIC,
    format: LOG_FORMAT,
    checksum: 0,
  });
  const checksumAt = HEADER_BYTES - CHECKSUM_BYTES;
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(checksumAt, crc32(bytes.subarray(0, checksumAt)));
  return bytes;
}

/**
 * @param bytes  the first `HEADER_BYTES` of the file, or fewer when it has fewer
 * @throws LogDamagedError
 */
export function decodeHeader(bytes: Uint8Array, path: string, segment: number): SegmentHeader {
  const damaged = (problem: string): LogDamagedError => new LogDamagedError(path, 0, problem);
  if (bytes.length < HEADER_BYTES) throw damaged("the file is too short to be a segment of the log");
  if (Buffer.compare(bytes.subarray(0, LOG_MAGIC_SIZE), MAGIC) !== 0) {
    throw damaged("the file does not begin like a segment of the log");
  }
  const body = bytes.subarray(0, HEADER_BYTES - CHECKSUM_BYTES);
  if (crc32(body) !== asBuffer(bytes).readUInt32BE(body.length)) {
    throw damaged("the header of the segment fails its checksum");
  }
  const header = decodeChecked(logSegmentHeaderCodec, bytes.subarray(0, HEADER_BYTES), damaged);
  if (header.format !== LOG_FORMAT) {
    throw damaged(`the segment has format ${header.format}; this version knows only ${LOG_FORMAT}`);
  }
  if (header.segment !== segment) throw damaged(`this is segment ${header.segment} under a wrong name`);
  return header;
}

/**
 * What passed its checksum and yet is not what it must be was written wrong.
 * @param damaged  makes the error out of the problem
 */
export function decodeChecked<T>(
  codec: Codec<T>,
  bytes: Uint8Array,
  damaged: (problem: string) => LogDamagedError,
): T {
  try {
    return decodeXdr(codec, bytes);
  } catch (error) {
    if (error instanceof XdrError) throw damaged(`what lies here is malformed (${error.message})`);
    throw error;
  }
}

/** The same bytes, with a Buffer's methods. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A record that was found whole. */
export interface FramedRecord {
  readonly sequence: number;
  /** The XDR form of a `log_record`, as a view. */
  readonly body: Uint8Array;
  /** Where the next record would begin. */
  readonly end: number;
}

/** The record at `at`, or undefined when there is none or it fails its checksum. */
export function recordAt(segment: Buffer, at: number, seed: number): FramedRecord | undefined {
  const end = claimedEnd(segment, at);
  if (end === undefined) return undefined;
  if (recordChecksum(segment.subarray(at, end), seed) !== segment.readUInt32BE(at)) return undefined;
  return { sequence: sequenceAt(segment, at), body: segment.subarray(at + FRAME_BYTES, end), end };
}

/** Where the record at `at` ends if its frame tells the truth; undefined when that cannot be. */
export function claimedEnd(segment: Buffer, at: number): number | undefined {
  if (at + FRAME_BYTES > segment.length) return undefined;
  const length = segment.readUInt32BE(at + 4);
  const end = at + FRAME_BYTES + length;
  return length === 0 || length % 4 !== 0 || end > segment.length ? undefined : end;
}

/**
 * The first whole record at or behind `from` with a sequence number of at least `sequence`.
 * Such a record behind a bad one shows that the bad one was written in full once: records are written one at a
 * time, each after the one before it was durable.
 */
export function findLaterRecord(
  segment: Buffer,
  from: number,
  sequence: number,
  seed: number,
): number | undefined {
  const highestPossible = sequence + segment.length / FRAME_BYTES;
  for (let at = from; at + FRAME_BYTES <= segment.length; at += 4) {
    const found = sequenceAt(segment, at);
    if (found < sequence || found > highestPossible) continue;
    if (recordAt(segment, at, seed) !== undefined) return at;
  }
  return undefined;
}

function sequenceAt(segment: Buffer, at: number): number {
  return segment.readUInt32BE(at + 8) * TWO_32 + segment.readUInt32BE(at + 12);
}

const SEGMENT_NAME = /^(\d{16})\.log$/;

/** File names sort by segment number. */
export function segmentName(segment: number): string {
  return `${String(segment).padStart(16, "0")}.log`;
}

/** The number in a segment's file name; undefined for other files. */
export function segmentNumber(name: string): number | undefined {
  const match = SEGMENT_NAME.exec(name);
  return match === null ? undefined : Number(match[1]);
}
