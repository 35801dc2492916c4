import type { PassedBytes } from "./tcp-proxy.ts";

const MAGIC = 0xa1b2_c3d4;
/** Packets begin with their IP header. */
const LINKTYPE_RAW = 101;
const SNAP_BYTES = 262_144;

const IP_HEADER_BYTES = 20;
const TCP_HEADER_BYTES = 20;
const HEADER_BYTES = IP_HEADER_BYTES + TCP_HEADER_BYTES;
const PAYLOAD_MAX_BYTES = 65_535 - HEADER_BYTES;
const PROTOCOL_TCP = 6;
const FLAGS_PSH_ACK = 0x18;

const CLIENT = { address: [10, 0, 0, 1], port: 50_000 } as const;
const SERVER_ADDRESS = [10, 0, 0, 2] as const;

/**
 * A capture file of one TCP connection, as if it had been taken off a wire; to take one for real needs a right that
 * few users have. Checksums are left out, and no dissector minds.
 */
export function pcapOf(passed: readonly PassedBytes[], serverPort: number): Uint8Array {
  const fileHeader = Buffer.alloc(24);
  fileHeader.writeUInt32BE(MAGIC, 0);
  fileHeader.writeUInt16BE(2, 4);
  fileHeader.writeUInt16BE(4, 6);
  fileHeader.writeUInt32BE(SNAP_BYTES, 16);
  fileHeader.writeUInt32BE(LINKTYPE_RAW, 20);
  const parts: Uint8Array[] = [fileHeader];
  const sentBytes = { client: 0, server: 0 };
  for (const { from, bytes } of passed) {
    for (let at = 0; at < bytes.length; at += PAYLOAD_MAX_BYTES) {
      const payload = bytes.subarray(at, at + PAYLOAD_MAX_BYTES);
      const other = from === "client" ? "server" : "client";
      const headers = packetHeaders(from, payload.length, sentBytes[from], sentBytes[other], serverPort);
      parts.push(recordHeader(parts.length, headers.length + payload.length), headers, payload);
      sentBytes[from] += payload.length;
    }
  }
  return Buffer.concat(parts);
}

function recordHeader(microseconds: number, packetBytes: number): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32BE(microseconds, 4);
  header.writeUInt32BE(packetBytes, 8);
  header.writeUInt32BE(packetBytes, 12);
  return header;
}

/** The headers of IPv4 (RFC 791) and TCP (RFC 9293) in front of a payload. */
function packetHeaders(
  from: PassedBytes["from"],
  payloadBytes: number,
  sequence: number,
  acknowledged: number,
  serverPort: number,
): Buffer {
  const server = { address: SERVER_ADDRESS, port: serverPort };
  const [source, target] = from === "client" ? [CLIENT, server] : [server, CLIENT];
  const headers = Buffer.alloc(HEADER_BYTES);
  headers[0] = 0x45;
  headers.writeUInt16BE(HEADER_BYTES + payloadBytes, 2);
  headers[8] = 64;
  headers[9] = PROTOCOL_TCP;
  headers.set(source.address, 12);
  headers.set(target.address, 16);
  headers.writeUInt16BE(source.port, IP_HEADER_BYTES);
  headers.writeUInt16BE(target.port, IP_HEADER_BYTES + 2);
  headers.writeUInt32BE(1 + sequence, IP_HEADER_BYTES + 4);
  headers.writeUInt32BE(1 + acknowledged, IP_HEADER_BYTES + 8);
  headers[IP_HEADER_BYTES + 12] = (TCP_HEADER_BYTES / 4) << 4;
  headers[IP_HEADER_BYTES + 13] = FLAGS_PSH_ACK;
  headers.writeUInt16BE(0xffff, IP_HEADER_BYTES + 14);
  return headers;
}
