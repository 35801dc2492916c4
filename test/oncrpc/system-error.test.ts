import { test } from "uvu";
import * as assert from "uvu/assert";
import { describeSystemError, errnoOf } from "../../src/oncrpc/system-error.ts";

const withCode = (message: string, code: string): Error => Object.assign(new Error(message), { code });

test("a known errno is said in words, with its code", () => {
  assert.is(
    describeSystemError(withCode("connect ECONNREFUSED ::1:1", "ECONNREFUSED")),
    "connection refused (ECONNREFUSED)",
  );
  assert.is(
    describeSystemError(withCode("getaddrinfo ENOTFOUND x", "ENOTFOUND")),
    "no such host (ENOTFOUND)",
  );
});

test("an error for several addresses is described by its first part", () => {
  const parts = [
    withCode("connect ECONNREFUSED ::1:1", "ECONNREFUSED"),
    withCode("connect EHOSTUNREACH", "EHOSTUNREACH"),
  ];
  assert.is(describeSystemError(new AggregateError(parts)), "connection refused (ECONNREFUSED)");
});

test("any other error is described by its message, and anything else as it is", () => {
  assert.is(describeSystemError(withCode("something new", "ENEW")), "something new");
  assert.is(describeSystemError(withCode("odd", "toString")), "odd");
  assert.is(describeSystemError(new Error("plain")), "plain");
  assert.is(describeSystemError(withCode("", "ENEW")), "ENEW");
  assert.is(describeSystemError("text"), "text");
  assert.is(errnoOf("text"), undefined);
  assert.is(errnoOf(new AggregateError([])), undefined);
});

test.run();
