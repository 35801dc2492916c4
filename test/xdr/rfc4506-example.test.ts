import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Codec, decodeXdr, encodeXdr, XdrError } from "../../src/xdr/index.ts";
import { bytes, hex } from "../support/bytes.ts";

/*
 * The example of RFC 4506 §7: the file "sillyprog" of "john", which "lisp" executes, and which says "(quit)".
 */

const FileKind = { TEXT: 0, DATA: 1, EXEC: 2 } as const;

type FileType =
  | { kind: typeof FileKind.TEXT }
  | { kind: typeof FileKind.DATA; creator: string }
  | { kind: typeof FileKind.EXEC; interpretor: string };

interface File {
  filename: string;
  type: FileType;
  owner: string;
  data: Uint8Array;
}

const MAXUSERNAME = 32;
const MAXFILELEN = 65535;
const MAXNAMELEN = 255;

const fileTypeCodec: Codec<FileType> = {
  encode(writer, value) {
    writer.int32(value.kind);
    if (value.kind === FileKind.DATA) writer.string(value.creator, MAXNAMELEN, "filetype.creator");
    if (value.kind === FileKind.EXEC) writer.string(value.interpretor, MAXNAMELEN, "filetype.interpretor");
  },
  decode(reader) {
    const kind = reader.int32("filetype.kind");
    switch (kind) {
      case FileKind.TEXT:
        return { kind };
      case FileKind.DATA:
        return { kind, creator: reader.string(MAXNAMELEN, "filetype.creator") };
      case FileKind.EXEC:
        return { kind, interpretor: reader.string(MAXNAMELEN, "filetype.interpretor") };
      default:
        throw new XdrError("XDR_BAD_UNION", `no arm for ${kind}`, "filetype.kind");
    }
  },
};

const fileCodec: Codec<File> = {
  encode(writer, value) {
    writer.string(value.filename, MAXNAMELEN, "file.filename");
    fileTypeCodec.encode(writer, value.type);
    writer.string(value.owner, MAXUSERNAME, "file.owner");
    writer.varOpaque(value.data, MAXFILELEN, "file.data");
  },
  decode(reader) {
    return {
      filename: reader.string(MAXNAMELEN, "file.filename"),
      type: fileTypeCodec.decode(reader),
      owner: reader.string(MAXUSERNAME, "file.owner"),
      data: reader.varOpaque(MAXFILELEN, "file.data"),
    };
  },
};

const FILE: File = {
  filename: "sillyprog",
  type: { kind: FileKind.EXEC, interpretor: "lisp" },
  owner: "john",
  data: new Uint8Array(Buffer.from("(quit)")),
};

const TABLE = bytes(`
  00 00 00 09
  73 69 6c 6c
  79 70 72 6f
  67 00 00 00
  00 00 00 02
  00 00 00 04
  6c 69 73 70
  00 00 00 04
  6a 6f 68 6e
  00 00 00 06
  28 71 75 69
  74 29 00 00
`);

test("RFC 4506 §7: the file encodes to the bytes of the table", () => {
  assert.is(hex(encodeXdr(fileCodec, FILE)), hex(TABLE));
});

test("RFC 4506 §7: the bytes of the table decode to the file", () => {
  const file = decodeXdr(fileCodec, TABLE);
  assert.equal({ ...file, data: new Uint8Array(file.data) }, FILE);
});

test("RFC 4506 §7: cut off anywhere, the bytes are not a file", () => {
  for (let length = 0; length < TABLE.length; length++) {
    assert.throws(
      () => decodeXdr(fileCodec, TABLE.slice(0, length)),
      (error: unknown) => error instanceof XdrError && error.code === "XDR_TRUNCATED",
    );
  }
});

test("RFC 4506 §7: no byte of the table can be changed without the file becoming another, or none", () => {
  for (let at = 0; at < TABLE.length; at++) {
    for (const bit of [0x01, 0x80]) {
      const changed = TABLE.slice();
      changed[at] = changed[at]! ^ bit;
      let again: Uint8Array;
      try {
        again = encodeXdr(fileCodec, decodeXdr(fileCodec, changed));
      } catch (error) {
        assert.instance(error, XdrError);
        continue;
      }
      assert.is(hex(again), hex(changed));
    }
  }
});

test("an error names the field", () => {
  assert.throws(
    () => encodeXdr(fileCodec, { ...FILE, owner: "j".repeat(33) }),
    (error: XdrError) => error.message === "file.owner: length 33 exceeds 32" && error.field === "file.owner",
  );
});

test.run();
