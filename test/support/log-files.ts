import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  checksumSeed,
  decodeHeader,
  HEADER_BYTES,
  recordAt,
  segmentNumber,
} from "../../src/kv/log/format.ts";
import type { RealServer } from "./real-server.ts";

/** A segment of a server's log, as it lies on the disk. */
export interface LogSegment {
  readonly path: string;
  /** Where each record begins. */
  readonly records: readonly number[];
  /** Behind the last record. */
  readonly usedBytes: number;
}

export function logDirectory(server: RealServer): string {
  return join(server.dataDir, "log");
}

/** The segments of a server that has ended, oldest first. */
export function readSegments(server: RealServer): LogSegment[] {
  const directory = logDirectory(server);
  const names = readdirSync(directory).filter((name) => segmentNumber(name) !== undefined);
  return names.sort().map((name) => readSegment(join(directory, name), segmentNumber(name)!));
}

function readSegment(path: string, number: number): LogSegment {
  const bytes = readFileSync(path);
  const seed = checksumSeed(decodeHeader(bytes, path, number).logId);
  const records: number[] = [];
  let at = HEADER_BYTES;
  for (let record = recordAt(bytes, at, seed); record !== undefined; record = recordAt(bytes, at, seed)) {
    records.push(at);
    at = record.end;
  }
  return { path, records, usedBytes: at };
}
