import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatAddress, parseAddress, RpcAddressError } from "../../src/oncrpc/index.ts";

for (const [text, host, port] of [
  ["localhost:9001", "localhost", 9001],
  ["10.0.0.7:111", "10.0.0.7", 111],
  ["[::1]:9001", "::1", 9001],
  ["[fe80::1%eth0]:9001", "fe80::1%eth0", 9001],
  ["a-b.example.com:0", "a-b.example.com", 0],
  ["host:65535", "host", 65535],
] as const) {
  test(`${text} is an address, and back`, () => {
    assert.equal(parseAddress(text), { host, port });
    assert.is(formatAddress(host, port), text);
  });
}

test("a default port serves where none is said, and only there", () => {
  assert.equal(parseAddress("localhost", 9001), { host: "localhost", port: 9001 });
  assert.equal(parseAddress("[::1]", 9001), { host: "::1", port: 9001 });
  assert.equal(parseAddress("localhost:1", 9001), { host: "localhost", port: 1 });
});

for (const [text, problem] of [
  ["", "the host is missing"],
  [":9001", "the host is missing"],
  ["[]:9001", "the host is missing"],
  ["localhost", "the port is missing, as in localhost:9001"],
  ["[::1]", "the port is missing, as in localhost:9001"],
  ["localhost:", 'port "" is not a number between 0 and 65535'],
  ["localhost:http", 'port "http" is not a number between 0 and 65535'],
  ["localhost:65536", 'port "65536" is not a number between 0 and 65535'],
  ["localhost:-1", 'port "-1" is not a number between 0 and 65535'],
  ["localhost:+1", 'port "+1" is not a number between 0 and 65535'],
  ["localhost:0x50", 'port "0x50" is not a number between 0 and 65535'],
  ["::1:9001", "write an IPv6 address in brackets, as in [::1]:9001"],
  ["::1", "write an IPv6 address in brackets, as in [::1]:9001"],
  ["[::1:9001", "brackets do not match"],
  ["::1]:9001", "brackets do not match"],
  ["[::1]9001", "brackets do not match"],
  ["http://localhost:9001", "write an IPv6 address in brackets, as in [::1]:9001"],
  ["//localhost:9001", '"//localhost" is not a host'],
  ["local host:9001", '"local host" is not a host'],
  ["2@localhost:9001", '"2@localhost" is not a host'],
] as const) {
  test(`"${text}" is no address`, () => {
    assert.throws(
      () => parseAddress(text),
      (error: unknown) =>
        error instanceof RpcAddressError &&
        error.code === "BAD_ADDRESS" &&
        error.message === `address "${text}": ${problem}`,
    );
  });
}

test.run();
