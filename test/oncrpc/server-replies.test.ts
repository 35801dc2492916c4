import { test } from "uvu";
import * as assert from "uvu/assert";
import { type FailedCall, RpcServer, type RpcService } from "../../src/oncrpc/index.ts";
import { bytes, concat, hex, words } from "../support/bytes.ts";
import { ECHO, ECHO_VERS, type EchoHandler, echoService } from "../support/echo-service.ts";
import { RawPeer, record } from "../support/raw-peer.ts";

/** Serves ECHO as versions 3 and 5, and talks to it in bytes. */
async function withPeer(
  use: (peer: RawPeer, failures: [unknown, FailedCall][]) => Promise<void>,
  handler?: EchoHandler,
): Promise<void> {
  const failures: [unknown, FailedCall][] = [];
  const echo = echoService(handler);
  const newer: RpcService = { ...echoService(), vers: 5 };
  const server = new RpcServer({
    services: [newer, echo],
    onHandlerError: (error, call) => failures.push([error, call]),
  });
  const peer = await RawPeer.connect(await server.listen());
  try {
    await use(peer, failures);
  } finally {
    peer.destroy();
    await server.close();
  }
}

/** Sends one message, expects one. The spaces do not matter. */
function exchanges(title: string, sent: string, expected: string): void {
  test(title, () =>
    withPeer(async (peer) => {
      assert.is(hex(await peer.exchange(bytes(sent))), hex(bytes(expected)));
      // Whatever was wrong with the call, the connection still serves the next.
      assert.is(hex(await peer.exchange(bytes(NULL_CALL))), hex(bytes(NULL_REPLY)));
    }),
  );
}

const NULL_CALL = "0000002a 00000000 00000002 20000e40 00000003 00000000 00000000 00000000 00000000 00000000";
const NULL_REPLY = "0000002a 00000001 00000000 00000000 00000000 00000000";

const NO_AUTH = "00000000 00000000 00000000 00000000";

exchanges(
  "RFC 5531 §9: a call that succeeds is answered SUCCESS and the result",
  `11223344 00000000 00000002 20000e40 00000003 00000001 ${NO_AUTH} 00000003 61626300`,
  "11223344 00000001 00000000 00000000 00000000 00000000 00000003 61626300",
);

exchanges(
  "RFC 5531 §9: an RPC version other than 2 is denied RPC_MISMATCH {2, 2}",
  `00000001 00000000 00000003 20000e40 00000003 00000001 ${NO_AUTH}`,
  "00000001 00000001 00000001 00000000 00000002 00000002",
);

exchanges(
  "RFC 5531 §9: a wrong RPC version is denied even if nothing of this version's header follows",
  "00000001 00000000 00000001",
  "00000001 00000001 00000001 00000000 00000002 00000002",
);

exchanges(
  "RFC 5531 §9: an unknown program is answered PROG_UNAVAIL",
  `00000001 00000000 00000002 20000e41 00000003 00000001 ${NO_AUTH}`,
  "00000001 00000001 00000000 00000000 00000000 00000001",
);

exchanges(
  "RFC 5531 §9: a wrong version is answered PROG_MISMATCH with the range",
  `00000001 00000000 00000002 20000e40 00000004 00000001 ${NO_AUTH}`,
  "00000001 00000001 00000000 00000000 00000000 00000002 00000003 00000005",
);

exchanges(
  "RFC 5531 §9: a wrong version is answered PROG_MISMATCH even for procedure 0",
  `00000001 00000000 00000002 20000e40 ffffffff 00000000 ${NO_AUTH}`,
  "00000001 00000001 00000000 00000000 00000000 00000002 00000003 00000005",
);

exchanges(
  "RFC 5531 §9: an unknown procedure is answered PROC_UNAVAIL",
  `00000001 00000000 00000002 20000e40 00000003 00000002 ${NO_AUTH}`,
  "00000001 00000001 00000000 00000000 00000000 00000003",
);

exchanges(
  "RFC 5531 §12.1: procedure 0 is answered SUCCESS without results, though it is not declared",
  `00000001 00000000 00000002 20000e40 00000005 00000000 ${NO_AUTH}`,
  "00000001 00000001 00000000 00000000 00000000 00000000",
);

for (const [what, args] of [
  ["are missing", ""],
  ["claim more bytes than there are", "00000005 61626300"],
  ["claim more bytes than the program allows", "00100001"],
  ["are padded with something other than zeros", "00000003 61626301"],
  ["leave bytes over", "00000003 61626300 00000000"],
  ["are no whole number of words", "00000003 616263"],
] as const) {
  exchanges(
    `RFC 5531 §9: arguments that ${what} are answered GARBAGE_ARGS`,
    `00000001 00000000 00000002 20000e40 00000003 00000001 ${NO_AUTH} ${args}`,
    "00000001 00000001 00000000 00000000 00000000 00000004",
  );
}

exchanges(
  "RFC 5531 §9: arguments for procedure 0 are garbage",
  `00000001 00000000 00000002 20000e40 00000003 00000000 ${NO_AUTH} 00000000`,
  "00000001 00000001 00000000 00000000 00000000 00000004",
);

const AUTH_SYS = "00000001 0000001c 00000007 00000003 6c6f6300 000003e8 00000064 00000001 0000001b";

exchanges(
  "RFC 5531 appendix A: an AUTH_SYS credential is taken",
  `00000001 00000000 00000002 20000e40 00000003 00000000 ${AUTH_SYS} 00000000 00000000`,
  "00000001 00000001 00000000 00000000 00000000 00000000",
);

exchanges(
  "RFC 5531 §10.1: the body of an AUTH_NONE credential is ignored",
  "00000001 00000000 00000002 20000e40 00000003 00000000 00000000 00000002 ffff0000 00000000 00000000",
  "00000001 00000001 00000000 00000000 00000000 00000000",
);

for (const [what, credential] of [
  ["has a body longer than 400 bytes", `00000001 00000194 ${"00".repeat(404)} 00000000 00000000`],
  ["is longer than the message", "00000001 00000010 00000000"],
  ["has a negative length", "00000000 ffffffff 00000000 00000000"],
  ["is padded with something other than zeros", "00000000 00000002 ffff0001 00000000 00000000"],
  ["is missing", ""],
  ["has no length", "00000000"],
  ["has an AUTH_SYS body that ends early", "00000001 00000008 00000007 00000003 00000000 00000000"],
  [
    "has an AUTH_SYS body with bytes left over",
    `00000001 00000018 00000007 00000000 000003e8 00000064 00000000 00000000 00000000 00000000`,
  ],
  [
    "has an AUTH_SYS body with more than 16 gids",
    `00000001 00000058 00000007 00000000 000003e8 00000064 00000011 ${"00000001".repeat(17)} 00000000 00000000`,
  ],
  [
    "has an AUTH_SYS body with a machine name of more than 255 bytes",
    `00000001 00000114 00000007 00000100 ${"61".repeat(256)} 000003e8 00000064 00000000 00000000 00000000`,
  ],
] as const) {
  exchanges(
    `RFC 5531 §9: a credential that ${what} is denied AUTH_BADCRED`,
    `00000001 00000000 00000002 20000e40 00000003 00000000 ${credential}`,
    "00000001 00000001 00000001 00000001 00000001",
  );
}

exchanges(
  "RFC 5531 §9: a credential of a flavor that is not known here is denied AUTH_REJECTEDCRED",
  "00000001 00000000 00000002 20000e40 00000003 00000000 00000006 00000000 00000000 00000000",
  "00000001 00000001 00000001 00000001 00000002",
);

exchanges(
  "RFC 5531 §9: a verifier that is longer than the message is denied AUTH_BADVERF",
  "00000001 00000000 00000002 20000e40 00000003 00000000 00000000 00000000 00000000 00000008",
  "00000001 00000001 00000001 00000001 00000003",
);

exchanges(
  "RFC 5531 §9: the credential is judged before the program",
  "00000001 00000000 00000002 20000e41 00000003 00000000 00000006 00000000 00000000 00000000",
  "00000001 00000001 00000001 00000001 00000002",
);

exchanges(
  "RFC 5531 §9: the RPC version is judged before the credential",
  "00000001 00000000 00000001 20000e41 00000003 00000000 00000006 00000000 00000000 00000000",
  "00000001 00000001 00000001 00000000 00000002 00000002",
);

const ECHO_CALL = bytes(`00000001 00000000 00000002 20000e40 00000003 00000001 ${NO_AUTH} 00000001 61000000`);
const SYSTEM_ERR = "00000001 00000001 00000000 00000000 00000000 00000005";

const problem = new Error("out of luck");

for (const [title, handler] of [
  [
    "throws",
    () => {
      throw problem;
    },
  ],
  ["rejects", () => Promise.reject(problem)],
  [
    "rejects later",
    async () => {
      await new Promise((resolve) => setImmediate(resolve));
      throw problem;
    },
  ],
] as const) {
  test(`RFC 5531 §9: a handler that ${title} is answered SYSTEM_ERR; the cause stays here`, () =>
    withPeer(async (peer, failures) => {
      assert.is(hex(await peer.exchange(ECHO_CALL)), hex(bytes(SYSTEM_ERR)));
      assert.is(hex(await peer.exchange(bytes(NULL_CALL))), hex(bytes(NULL_REPLY)));
      const [[error, call] = []] = failures;
      assert.is(failures.length, 1);
      assert.is(error, problem);
      assert.equal([call?.procedure, call?.xid], ["ECHO", 1]);
      assert.match(call!.peer, /^127\.0\.0\.1:\d+$/);
    }, handler));
}

test("a result that does not encode is answered SYSTEM_ERR, and nothing of it is sent", () =>
  withPeer(
    async (peer, failures) => {
      assert.is(hex(await peer.exchange(ECHO_CALL)), hex(bytes(SYSTEM_ERR)));
      assert.is((failures[0]![0] as { code: string }).code, "XDR_TOO_LONG");
    },
    () => new Uint8Array(1024 * 1024 + 1),
  ));

test("a codec that fails other than on bad bytes is the server's fault: SYSTEM_ERR", async () => {
  const broken = {
    ...ECHO,
    args: {
      encode() {},
      decode(): Uint8Array {
        throw problem;
      },
    },
  };
  const services = [
    { ...echoService(), procedures: new Map([[1, { procedure: broken, handler: () => new Uint8Array(0) }]]) },
  ];
  const server = new RpcServer({ services });
  const peer = await RawPeer.connect(await server.listen());
  assert.is(hex(await peer.exchange(ECHO_CALL)), hex(bytes(SYSTEM_ERR)));
  peer.destroy();
  await server.close();
});

for (const [what, message] of [
  ["is empty", ""],
  ["ends within the first words", "00000001 00000000"],
  ["is a reply", "00000001 00000001 00000000 00000000 00000000 00000000"],
  ["names no procedure", "00000001 00000000 00000002 20000e40 00000003"],
] as const) {
  test(`a record that ${what} closes the connection, after the calls before it are answered`, () =>
    withPeer(async (peer) => {
      peer.send(concat(record(bytes(NULL_CALL)), record(bytes(message))));
      await peer.untilClosed();
      assert.equal(peer.messages.map(hex), [hex(bytes(NULL_REPLY))]);
    }));
}

test("the handler sees who calls: address, xid, AUTH_SYS claim, and the bytes of the arguments", async () => {
  const seen: unknown[] = [];
  await withPeer(
    async (peer) => {
      const header = bytes(
        `0badcafe 00000000 00000002 20000e40 00000003 00000001 ${AUTH_SYS} 00000000 00000000`,
      );
      await peer.exchange(concat(header, bytes("00000002 61620000")));
      await peer.exchange(ECHO_CALL);
      assert.equal(seen, [
        `127.0.0.1:${peer.socket.localPort}`,
        0x0bad_cafe,
        { flavor: "sys", stamp: 7, machineName: "loc", uid: 1000, gid: 100, gids: [27] },
        "00000002 61620000",
        `127.0.0.1:${peer.socket.localPort}`,
        1,
        { flavor: "none" },
        "00000001 61000000",
      ]);
    },
    (data, context) => {
      seen.push(context.peer, context.xid, context.credential, hex(context.argBytes));
      return data;
    },
  );
});

test("programs and versions are told apart; the same one twice is refused at once", () => {
  assert.throws(
    () => new RpcServer({ services: [echoService(), echoService()] }),
    /ECHO: program 536874560 version 3 is served twice/,
  );
  assert.is(ECHO_VERS, 3);
  assert.equal(hex(words(536_874_560)), "20000e40");
});

test.run();
