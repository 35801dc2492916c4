import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CredentialReader, encodeCredential } from "../../src/oncrpc/credential.ts";
import { AuthStat } from "../../src/oncrpc/gen/rpc.ts";
import type { Credential } from "../../src/oncrpc/index.ts";
import { bytes, concat, hex } from "../support/bytes.ts";

const sys: Credential = { flavor: "sys", stamp: 1, machineName: "mars", uid: 2, gid: 3, gids: [4, 5] };
const SYS_BODY = bytes("00000001 00000004 6d617273 00000002 00000003 00000002 00000004 00000005");

function read(reader: CredentialReader, flavor: number, body: Uint8Array): Credential | AuthStat {
  return reader.read(flavor, body, 0, body.length);
}

test("RFC 5531 appendix A: AUTH_SYS is flavor 1 and an authsys_parms", () => {
  assert.is(hex(encodeCredential(sys)), `00000001 00000020 ${hex(SYS_BODY)}`);
  assert.equal(read(new CredentialReader(), 1, SYS_BODY), sys);
});

test("RFC 5531 §10.1: AUTH_NONE is flavor 0 and nothing", () => {
  assert.is(hex(encodeCredential({ flavor: "none" })), "00000000 00000000");
  assert.equal(read(new CredentialReader(), 0, bytes("")), { flavor: "none" });
});

test("every AUTH_SYS credential comes back as it was", () => {
  const uint32 = fc.nat(0xffff_ffff);
  const any = fc.record(
    {
      flavor: fc.constant("sys" as const),
      stamp: uint32,
      machineName: fc.string({ unit: "grapheme", maxLength: 30 }),
      uid: uint32,
      gid: uint32,
      gids: fc.array(uint32, { maxLength: 16 }),
    },
    { noNullPrototype: true },
  );
  const reader = new CredentialReader();
  fc.assert(
    fc.property(any, (credential) => {
      const encoded = encodeCredential(credential);
      const bodyEnd = 8 + Buffer.from(encoded).readUInt32BE(4);
      assert.equal(reader.read(1, encoded, 8, bodyEnd), credential);
    }),
  );
});

test("the same bytes again are the same credential, not read anew; other bytes are", () => {
  const reader = new CredentialReader();
  const first = read(reader, 1, SYS_BODY);
  assert.is(read(reader, 1, SYS_BODY.slice()), first);
  const other = SYS_BODY.slice();
  other[other.length - 1] = 6;
  assert.equal(read(reader, 1, other), { ...sys, gids: [4, 6] });
  assert.equal(read(reader, 1, SYS_BODY), sys);
});

test("bytes that only begin like the last credential are read anew", () => {
  const reader = new CredentialReader();
  assert.equal(read(reader, 1, SYS_BODY), sys);
  assert.is(read(reader, 1, concat(SYS_BODY, bytes("00000000"))), AuthStat.AUTH_BADCRED);
  assert.is(read(reader, 1, SYS_BODY.slice(0, -4)), AuthStat.AUTH_BADCRED);
});

test("what was read stays, even if the message is overwritten afterwards", () => {
  const reader = new CredentialReader();
  const message = SYS_BODY.slice();
  const first = read(reader, 1, message);
  message.fill(0);
  assert.equal(first, sys);
  assert.is(read(reader, 1, SYS_BODY), first);
});

test("a refused credential is not remembered", () => {
  const reader = new CredentialReader();
  assert.is(read(reader, 1, SYS_BODY.slice(0, 12)), AuthStat.AUTH_BADCRED);
  assert.is(read(reader, 1, SYS_BODY.slice(0, 12)), AuthStat.AUTH_BADCRED);
  assert.equal(read(reader, 1, SYS_BODY), sys);
});

test("a flavor that is not known here is refused, whatever its body", () => {
  for (const flavor of [2, 3, 6, 7, -1, 390_004]) {
    assert.is(read(new CredentialReader(), flavor, SYS_BODY), AuthStat.AUTH_REJECTEDCRED);
  }
});

test.run();
